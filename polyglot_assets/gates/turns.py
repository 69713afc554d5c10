"""Turns of a conversation that a model made up behind its answer: `Ja, gern.`, then `Human: Und morgen?`.

Here: how speakers are called in chats of many languages, and telling a turn that nobody asked for from a dialogue, a
list of roles or a quiz. Not here: what such a turn means for the answer (debris.py).
"""

import re

_USERS = (
    "Benutzer", "Benutzerin", "Nutzer", "Nutzerin", "Anwender", "Mensch", "Usuario", "Humano", "Utilisateur",
    "Humain", "Utente", "Umano", "Usuário", "Utilizador", "Uživatel", "Člověk", "Użytkownik", "Człowiek",
    "Používateľ", "Uporabnik", "Korisnik", "Пользователь", "Человек", "Користувач", "Людина", "Потребител",
    "Корисник", "Pengguna", "Manusia", "Gumagamit", "Tagagamit", "ユーザー", "ユーザ", "人間", "用户", "用戶",
    "使用者", "人类", "사용자", "인간", "المستخدم", "مستخدم", "الإنسان", "کاربر", "משתמש", "Kullanıcı", "İnsan",
    "Người dùng", "ผู้ใช้", "उपयोगकर्ता", "यूज़र", "ব্যবহারকারী", "பயனர்", "Gebruiker", "Användare", "Bruker",
    "Bruger", "Käyttäjä", "Felhasználó", "Utilizator", "Χρήστης", "Mtumiaji",
)  # fmt: skip
_ASSISTANTS = (
    "Assistent", "Assistentin", "Asistente", "Assistant", "Assistante", "Assistente", "Asistent", "Asystent",
    "Asistenta", "Ассистент", "Помощник", "Асистент", "Помічник", "Помоћник", "Asisten", "Katulong",
    "アシスタント", "助手", "助理", "어시스턴트", "도우미", "المساعد", "مساعد", "دستیار", "עוזר", "Asistan",
    "Yardımcı", "Trợ lý", "ผู้ช่วย", "सहायक", "সহকারী", "உதவியாளர்", "Avustaja", "Asszisztens", "Βοηθός",
    "Msaidizi", "AI", "KI", "IA", "ИИ", "Bot", "Chatbot", "ChatGPT",
)  # fmt: skip
_QUESTIONS = (
    "Q", "Question", "Frage", "Pregunta", "Pergunta", "Domanda", "Otázka", "Pytanie", "Вопрос", "Питання",
    "Pertanyaan", "Tanong", "質問", "問", "问", "问题", "問題", "질문", "سؤال", "السؤال", "Soru", "Câu hỏi",
    "คำถาม", "प्रश्न", "Vraag", "Fråga",
)  # fmt: skip
_ANSWERS = (
    "A", "Answer", "Antwort", "Réponse", "Respuesta", "Resposta", "Risposta", "Odpověď", "Odpowiedź", "Ответ",
    "Відповідь", "Jawaban", "Sagot", "回答", "答", "答え", "答案", "답변", "답", "جواب", "الجواب", "الإجابة",
    "Cevap", "Trả lời", "คำตอบ", "उत्तर", "Antwoord", "Svar",
)  # fmt: skip
_ROLES = (
    dict.fromkeys(_QUESTIONS, "question")
    | dict.fromkeys(_ANSWERS, "answer")
    | dict.fromkeys(_USERS, "local user")
    | dict.fromkeys(_ASSISTANTS, "local assistant")
    | dict.fromkeys(("User", "USER", "Human", "HUMAN"), "user")
    | dict.fromkeys(("Assistant", "ASSISTANT"), "assistant")
)
"""Who speaks behind a label."""
_ENGLISH = ("user", "assistant")
_LABEL = re.compile(r"^[ \t]*(?:#{1,4} ?)?([^\W\d_][^\n:：]{0,15}?)[ \t]?[:：]", re.MULTILINE)
_LABELLED = re.compile(r"^\W{0,4}(\w[\w ]{0,20})\W{0,3}[:：]\s*\S", re.MULTILINE)
_SPEAKER = re.compile(r"\A\W{0,4}(assistant|human)\W{0,3}[:：]", re.IGNORECASE)
_SENTENCE_OR_ITEM = re.compile(r"\s*(?:[-*+•]|\d+[.)])\s.*[^:：*]\Z|.*[.!?…。！？।؟)”»\"]\Z")
_SAYS_SOMETHING = re.compile(r".{60}|.*[.!?…。！？।؟]\Z|\W*\w+\W+\w+\W+\w", re.DOTALL)
_ASKS = re.compile(r".*[?？؟;]\s*\Z", re.DOTALL)
_WHOLE_ANSWER = 60
"""Characters of an answer behind which a question and its answer are no riddle that it introduces."""


def goes_on(text: str, asked: str) -> bool:
    """Whether an answer is followed by a turn that the model made up.

    One exchange at most, or a label with nothing behind it: more is a dialogue that was asked for, as is what an
    introduction announces by a colon or a heading. In other languages than English the names of the speakers are also
    words for people, so that only a whole exchange counts, or a question at the end.

    Args:
        text: without code.
        asked: what the model was asked for, in small letters.
    """
    turns = [label for label in _LABEL.finditer(text) if label[1] in _ROLES]
    if not turns or any(turn[1].lower() in asked for turn in turns if len(turn[1]) > 1):
        return False
    answer = text[: turns[0].start()].rstrip()
    if answer and all(map(_LABELLED.match, filter(str.strip, answer.split("\n")))):
        return False  # everybody has a name there
    if answer and not _SENTENCE_OR_ITEM.match(answer.rpartition("\n")[2]):
        return False
    roles = [_ROLES[turn[1]] for turn in turns]
    if not text[turns[-1].end() :].strip():
        return _ends_in_label(answer, roles)
    if not answer or len(_LABELLED.findall(text, turns[0].start())) > len(turns):  # `User: admin`, `Password: …`
        return False
    said = text[turns[0].end() : turns[1].start() if len(turns) > 1 else None].strip()
    return _is_made_up(roles, answer, said)


def _ends_in_label(answer: str, roles: list[str]) -> bool:
    is_user = roles[-1] in ("local user", "question")
    return (bool(answer) or len(roles) > 1) and (roles[-1] in _ENGLISH or (is_user and len(roles) < 3))


def _is_made_up(roles: list[str], answer: str, said: str) -> bool:
    """Whether turns of these roles behind an answer are one exchange; `said` is what stands in the first one."""
    sides = [role.removeprefix("local ") for role in roles]
    if sides == ["question", "answer"]:
        return len(answer) >= _WHOLE_ANSWER and _ASKS.match(said) is not None
    if not _SAYS_SOMETHING.match(said):
        return False
    if len(roles) == 1 and not roles[0].startswith("local"):
        return roles[0] in _ENGLISH
    return sides == ["user", "assistant"] or (roles == ["local user"] and _ASKS.match(said) is not None)


def speaks(text: str) -> bool:
    """Whether the text begins with the name of who speaks, and is no dialogue."""
    if (speaker := _SPEAKER.match(text)) is None:
        return False
    labels = [label.strip().lower() for label in _LABELLED.findall(text)]
    if labels == ["human"] and "?" not in text:
        return False  # `Human: the English word for …`
    # A model that names itself before it answers may also go on with one question and its answer.
    least = 4 if {*labels} <= {"assistant", "user", "human"} and speaker[1].lower() == "assistant" else 3
    return len(labels) < least or labels.count(speaker[1].lower()) < 2
