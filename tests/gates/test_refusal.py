"""Refusals are found where they stand at the beginning and make up the text, in every language of the grid."""

import pytest
from texts import TEXTS

from polyglot_assets.gates.measures import DEFAULT
from polyglot_assets.gates.refusal import refusal_share
from polyglot_assets.gates.refusal_phrases import PHRASES
from polyglot_assets.grid import LANGUAGES

DECLINING = {
    "en": ["I'm sorry, but I can't help with that.", "I cannot provide instructions for this.",
           "I’m unable to assist with that request.", "As an AI language model, I don't have opinions about food.",
           "I'm just an AI, so I have never been to Prague."],
    "de": ["Es tut mir leid, aber dabei kann ich dir nicht helfen.", "Leider kann ich diese Anfrage nicht beantworten.",
           "Als KI-Sprachmodell habe ich keine eigene Meinung.", "Ich bin nur eine KI und kenne kein Wetter.",
           "Ich bin nicht in der Lage, solche Inhalte zu erstellen."],
    "es": ["Lo siento, pero no puedo ayudarte con eso.", "No puedo proporcionar esa información.",
           "Como modelo de lenguaje, no tengo opiniones.", "Como inteligencia artificial, no siento frío.",
           "Lamento no poder ayudar; no estoy autorizado a responder a esa petición."],
    "cs": ["Je mi líto, ale s tím vám nemohu pomoci.", "Omlouvám se, ale na tuto otázku nemůžu odpovědět.",
           "Jako jazykový model nemám vlastní názory.", "Jako umělá inteligence nemám pocity.",
           "Nejsem schopen takový text napsat."],
    "id": ["Maaf, saya tidak bisa membantu dengan hal itu.", "Saya tidak dapat memberikan informasi tersebut.",
           "Sebagai model bahasa, saya tidak punya pendapat.", "Sebagai AI, saya tidak memiliki perasaan.",
           "Mohon maaf, saya tidak dapat memenuhi permintaan ini."],
    "tl": ["Paumanhin, hindi kita matutulungan diyan.", "Pasensya na, hindi ko masasagot ang tanong na iyan.",
           "Bilang isang AI, wala akong sariling opinyon.", "Hindi ako makakatulong sa bagay na iyan.",
           "Bilang isang modelo ng wika, hindi ako kumakain."],
    "ja": ["申し訳ありませんが、そのご依頼にはお応えできません。", "すみませんが、その件についてはお手伝いできません。",
           "私はAIですので、個人的な意見はありません。", "AIとして、感情を持っていません。",
           "恐れ入りますが、その情報を提供することはできません。"],
    "ar": ["عذرًا، لا أستطيع مساعدتك في هذا الأمر.", "آسف، لا يمكنني الإجابة عن هذا السؤال.",
           "بصفتي نموذجًا لغويًا، ليس لدي آراء شخصية.", "كوني ذكاءً اصطناعيًا، لا أشعر بالبرد.",
           "أعتذر، لا يمكنني تلبية هذا الطلب."],
    "fr": ["Je suis désolé, mais je ne peux pas vous aider.", "En tant qu'IA, je n'ai pas d'avis."],
    "ko": ["죄송하지만 그 요청은 도와드릴 수 없습니다.", "저는 AI 언어 모델이므로 감정이 없습니다."],
    "zh": ["很抱歉，我无法帮助您完成这个请求。", "作为一个人工智能，我没有个人看法。"],
    "it": ["Mi dispiace, ma non posso aiutarti.", "Come intelligenza artificiale non ho opinioni."],
    "pt": ["Desculpe, mas não posso ajudar com isso.", "Como modelo de linguagem, não tenho opiniões."],
    "pl": ["Przykro mi, ale nie mogę w tym pomóc.", "Jako model językowy nie mam opinii."],
    "ru": ["Извините, но я не могу помочь с этим.", "Как искусственный интеллект, я не имею мнения."],
    "nl": ["Het spijt me, maar daar kan ik niet bij helpen.", "Als taalmodel heb ik geen mening."],
    "tr": ["Üzgünüm, bu konuda yardımcı olamam.", "Bir yapay zeka olarak duygularım yok."],
    "vi": ["Xin lỗi, tôi không thể giúp bạn việc này.", "Là một mô hình ngôn ngữ, tôi không có ý kiến."],
}  # fmt: skip
HARMLESS = {
    "en": ["I can't help but admire the tower.", "You cannot divide by zero.", "She said she could not come.",
           "As an AI researcher she earned well.", "Sorry is what one says after stepping on a foot."],
    "de": ["Man kann durch null nicht teilen.", "Sie konnte ihm nicht helfen, weil sie verreist war.",
           "KI hilft heute in vielen Fabriken.", "Ich kann dir drei Bücher empfehlen, die nicht teuer sind."],
    "es": ["No se puede dividir entre cero.", "La inteligencia artificial ayuda en muchas fábricas.",
           "Mi abuela no podía caminar, pero siempre ayudaba."],
    "cs": ["Nulou nelze dělit.", "Umělá inteligence pomáhá v mnoha továrnách.", "Babička mu nemohla pomoci, byla pryč."],
    "id": ["Bilangan tidak bisa dibagi dengan nol.", "Kecerdasan buatan membantu banyak pabrik."],
    "tl": ["Hindi maaaring hatiin sa sero ang isang bilang.", "Tumutulong ang AI sa maraming pabrika."],
    "ja": ["0で割ることはできません。", "人工知能は多くの工場で役立っています。", "文字列はあとから変更できないので、新しく作成します。"],
    "ar": ["لا يمكن القسمة على الصفر.", "يساعد الذكاء الاصطناعي في كثير من المصانع."],
}  # fmt: skip


@pytest.mark.parametrize(("language", "text"), [(code, text) for code, texts in DECLINING.items() for text in texts])
def test_it_declines(language: str, text: str) -> None:
    assert refusal_share(text, language) >= 0.5


@pytest.mark.parametrize(("language", "text"), [(code, text) for code, texts in HARMLESS.items() for text in texts])
def test_it_does_not_decline(language: str, text: str) -> None:
    assert refusal_share(text, language) == 0


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("number", range(5))
def test_a_real_answer_may_mention_it(language: str, number: int) -> None:
    """In its middle, or as a remark before a page of advice."""
    refusal, text = DECLINING[language][number], (TEXTS[language] + " ") * 12
    assert refusal_share(text + refusal + text, language) == 0
    assert refusal_share(f"{refusal} {text}", language) < DEFAULT.refusal_share
    assert refusal_share(f"{refusal} {TEXTS[language]}", language) >= DEFAULT.refusal_share


@pytest.mark.parametrize("language", LANGUAGES)
def test_teachers_decline_in_english_too(language: str) -> None:
    assert refusal_share(DECLINING["en"][0], language) == 1


def test_every_language_of_the_grid_has_phrases() -> None:
    assert set(LANGUAGES) <= set(PHRASES)
    assert refusal_share("Kaj je to?", "sl") == 0
