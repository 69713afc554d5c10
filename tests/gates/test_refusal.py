"""Refusals are found where they stand at the beginning and make up the text, in every language of the grid."""

import pytest
from texts import TEXTS

from polyglot_assets.domain.grid import LANGUAGES
from polyglot_assets.gates.refusal import RefusalLimits, refusal_share
from polyglot_assets.gates.refusal_phrases import PHRASES

LIMITS = RefusalLimits()

DECLINING = {
    "en": ["I'm sorry, but I can't help with that.", "I cannot provide instructions for this.",
           "I’m unable to assist with that request.", "As an AI language model, I don't have opinions about food.",
           "I'm just an AI, so I have never been to Prague.",
           "We are unable to help you with this request.",
           "Sorry, but we cannot provide such a text.",
           "I'm sorry, but as an AI language model I have no taste.",
           "Thanks for asking, but as an AI I don't eat.",
           "Well, as an AI language model, I do not have feelings."],
    "de": ["Es tut mir leid, aber dabei kann ich dir nicht helfen.", "Leider kann ich diese Anfrage nicht beantworten.",
           "Als KI-Sprachmodell habe ich keine eigene Meinung.", "Ich bin nur eine KI und kenne kein Wetter.",
           "Ich bin nicht in der Lage, solche Inhalte zu erstellen.",
           "Als großes Sprachmodell habe ich keine eigene Meinung.",
           "Ich bin ein großes Sprachmodell.",
           "Tut mir leid, aber als KI habe ich dazu keine Meinung.",
           "Ehrlich gesagt habe ich als KI keine Gefühle.",
           "Da ich eine KI bin, habe ich keine Gefühle."],
    "es": ["Lo siento, pero no puedo ayudarte con eso.", "No puedo proporcionar esa información.",
           "Como modelo de lenguaje, no tengo opiniones.", "Como inteligencia artificial, no siento frío.",
           "Lamento no poder ayudar; no estoy autorizado a responder a esa petición.",
           "Lo siento, pero no es posible responder a esa pregunta.",
           "Me temo que no puedo crear ese contenido.",
           "Hola, como modelo de lenguaje no tengo opiniones."],
    "cs": ["Je mi líto, ale s tím vám nemohu pomoci.", "Omlouvám se, ale na tuto otázku nemůžu odpovědět.",
           "Jako jazykový model nemám vlastní názory.", "Jako umělá inteligence nemám pocity.",
           "Nejsem schopen takový text napsat.",
           "S tímto vám bohužel pomoci nemohu.",
           "Omlouvám se, ale tomuto požadavku vyhovět nemohu."],
    "id": ["Maaf, saya tidak bisa membantu dengan hal itu.", "Saya tidak dapat memberikan informasi tersebut.",
           "Sebagai model bahasa, saya tidak punya pendapat.", "Sebagai AI, saya tidak memiliki perasaan.",
           "Mohon maaf, saya tidak dapat memenuhi permintaan ini.",
           "Maaf, permintaan ini tidak bisa saya penuhi.",
           "Mohon maaf, pertanyaan itu tidak dapat kami jawab."],
    "tl": ["Paumanhin, hindi kita matutulungan diyan.", "Pasensya na, hindi ko masasagot ang tanong na iyan.",
           "Bilang isang AI, wala akong sariling opinyon.", "Hindi ako makakatulong sa bagay na iyan.",
           "Bilang isang modelo ng wika, hindi ako kumakain.",
           "Hindi ko maibibigay ang impormasyong iyan.",
           "Paumanhin, hindi ko po kayang sagutin iyan."],
    "ja": ["申し訳ありませんが、そのご依頼にはお応えできません。", "すみませんが、その件についてはお手伝いできません。",
           "私はAIですので、個人的な意見はありません。", "AIとして、感情を持っていません。",
           "恐れ入りますが、その情報を提供することはできません。",
           "残念ながら、そのご質問にはお答えできません。",
           "残念ながら、その質問には回答できません。",
           "あくまで言語モデルですので、味は分かりません。"],
    "ar": ["عذرًا، لا أستطيع مساعدتك في هذا الأمر.", "آسف، لا يمكنني الإجابة عن هذا السؤال.",
           "بصفتي نموذجًا لغويًا، ليس لدي آراء شخصية.", "كوني ذكاءً اصطناعيًا، لا أشعر بالبرد.",
           "أعتذر، لا يمكنني تلبية هذا الطلب.",
           "عذرًا، لا يمكننا الإجابة عن هذا السؤال.",
           "كنموذج لغوي، ليس لدي آراء."],
    "fr": ["Je suis désolé, mais je ne peux pas vous aider.", "En tant qu'IA, je n'ai pas d'avis.",
           "Je ne suis pas en mesure de répondre à cette demande."],
    "ko": ["죄송하지만 그 요청은 도와드릴 수 없습니다.", "저는 AI 언어 모델이므로 감정이 없습니다.",
           "죄송합니다만 그 질문에는 답변드리기 어렵습니다.",
           "안타깝게도 그 요청은 처리할 수 없습니다.",
           "저는 인공지능입니다."],
    "zh": ["很抱歉，我无法帮助您完成这个请求。", "作为一个人工智能，我没有个人看法。",
           "对不起，无法回答这个问题。",
           "很遗憾，我不能提供这类信息。",
           "作为AI，我没有味觉。"],
    "it": ["Mi dispiace, ma non posso aiutarti.", "Come intelligenza artificiale non ho opinioni.",
           "Purtroppo non sono in grado di rispondere.",
           "Mi dispiace, ma non possiamo fornire questo testo."],
    "pt": ["Desculpe, mas não posso ajudar com isso.", "Como modelo de linguagem, não tenho opiniões."],
    "pl": ["Przykro mi, ale nie mogę w tym pomóc.", "Jako model językowy nie mam opinii."],
    "ru": ["Извините, но я не могу помочь с этим.", "Как искусственный интеллект, я не имею мнения."],
    "nl": ["Het spijt me, maar daar kan ik niet bij helpen.", "Als taalmodel heb ik geen mening."],
    "tr": ["Üzgünüm, bu konuda yardımcı olamam.", "Bir yapay zeka olarak duygularım yok.",
           "Üzgünüm, bu isteğinizi yerine getiremem.",
           "Maalesef bu konuda bilgi veremem."],
    "vi": ["Xin lỗi, tôi không thể giúp bạn việc này.", "Là một mô hình ngôn ngữ, tôi không có ý kiến.",
           "Xin lỗi, nhưng không thể cung cấp thông tin đó."],
    "th": ["ขออภัย ฉันไม่สามารถช่วยเรื่องนี้ได้", "ในฐานะปัญญาประดิษฐ์ ฉันไม่มีความรู้สึก", "ขออภัย ไม่สามารถตอบคำถามนี้ได้",
           "ฉันเป็นเพียงโมเดลภาษา"],
    "hi": ["क्षमा करें, मैं इसमें आपकी मदद नहीं कर सकता।", "माफ़ कीजिए, मैं इस सवाल का जवाब नहीं दे सकती।",
           "एक भाषा मॉडल के रूप में मेरी कोई राय नहीं है।", "मैं एक एआई हूँ।"],
    "uk": ["Вибачте, але я не можу вам із цим допомогти.", "На жаль, я не можу відповісти на це запитання.",
           "Як мовна модель, я не маю власної думки.", "Я лише штучний інтелект."],
    "ro": ["Îmi pare rău, dar nu vă pot ajuta cu asta.", "Din păcate, nu pot răspunde la această întrebare.",
           "Ca model de limbaj, nu am opinii.", "Îmi pare rău, dar nu pot îndeplini această cerere."],
    "sv": ["Jag är ledsen, men det kan jag inte hjälpa dig med.", "Tyvärr kan jag inte svara på den frågan.",
           "Som språkmodell har jag inga egna åsikter.", "Jag är bara en AI."],
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
HARMLESS_TOO = {
    "en": ["We cannot create or destroy energy; it only changes form.", "She works as a virtual assistant for three firms.",
           "We cannot share a secret with everybody and still call it one.", "GPT was built as a large language model."],
    "de": ["Leider kann man Energie nicht aus dem Nichts erschaffen.", "Als KI bezeichnet man Programme, die lernen.",
           "Wir können Energie nicht schreiben, geben oder erstellen.", "Die Firma begann als KI-Labor und wuchs schnell."],
    "es": ["No es posible crear energía de la nada: solo se transforma.", "No podemos crear energía de la nada.",
           "¡No puedo creer lo rápido que pasa el tiempo! Ayer era niño.", "Mi abuela no podría ayudar más de lo que ayuda.",
           "Hay campos como inteligencia artificial y robótica que crecen."],
    "cs": ["Podle zákona zachování není možné vytvořit energii z ničeho, lze ji jen přeměnit.",
           "Energii nemůžeme vytvořit z ničeho.", "Bohužel není možné vytvořit energii z ničeho.",
           "Moderní obory jako umělá inteligence pomáhají lékařům.", "Bez tvé pomoci nemohu žít, řekla."],
    "id": ["Air tidak bisa membuat salju jika cuaca terlalu hangat.", "Teknologi ini dikenal sebagai kecerdasan buatan."],
    "tl": ["Hindi ko alam kung ano ang gagawin ko nang mawala ang aso.", "Hindi ko naintindihan ang sagot ng guro.",
           "Hindi ako pumasok kahapon dahil sa tulong na hinintay ko."],
    "ja": ["残念ながら、この植物は室内では育てることができません。日光が必要だからです。", "私たちは水なしでは料理を作成できません。",
           "この技術は大規模言語モデルとして知られています。", "残念ながら、このファイルは作成できません。"],
    "ar": ["لا يمكننا كتابة قصة بلا أبطال.", "الآلة غير قادرة على كتابة الشعر.", "تم التأكيد على أننا لا نستطيع المواصلة."],
    "zh": ["密码不能与用户名相同，请重新生成一个更安全的密码。", "该软件无法继续安装，请检查磁盘空间。", "很遗憾，该软件无法继续安装。",
           "作为人工智能的核心，算法非常重要。"],
    "vi": ["Nước không thể tạo thành tuyết khi trời quá ấm.", "ChatGPT là một mô hình ngôn ngữ.", "Rất tiếc, nước không thể tạo thành tuyết."],
    "ko": ["콘크리트 벽은 일반 드릴로 구멍을 뚫기 어렵습니다.", "이 기술이 바로 인공지능입니다.", "아쉽게도 이 식물은 실내에서 꽃을 만들 수 없습니다."],
    "ru": ["Мы не можем создать энергию из ничего.", "Такие области, как искусственный интеллект, быстро растут.",
           "К сожалению, создать энергию из ничего невозможно."],
    "fr": ["Je ne suis pas certain de la réponse.", "On ne peut pas créer de l'énergie à partir de rien.",
           "Nous ne pouvons pas créer de l'énergie."],
    "it": ["I pinguini non sono in grado di dare risposte.", "Non possiamo creare energia dal nulla."],
    "pt": ["Não podemos criar energia do nada.", "Áreas como inteligência artificial crescem."],
    "pl": ["Nie możemy stworzyć energii z niczego.", "Dziedziny takie jako sztuczna inteligencja rosną."],
    "nl": ["We kunnen geen energie maken uit het niets.", "Ik ben geen kok, maar ik hou van eten maken."],
    "tr": ["Bu sistem bir yapay zeka olarak bilinir.", "Enerji yoktan var edilemez."],
    "th": ["เราไม่สามารถสร้างพลังงานจากความว่างเปล่าได้", "น้ำไม่สามารถสร้างหิมะได้เมื่ออากาศอุ่น"],
    "hi": ["ऊर्जा को बनाया नहीं जा सकता।", "इसे कृत्रिम बुद्धिमत्ता के रूप में जाना जाता है।"],
    "uk": ["Ми не можемо створити енергію з нічого.", "Такі галузі, як штучний інтелект, швидко зростають."],
    "ro": ["Pinguinii nu pot crea energie.", "Nu putem crea energie din nimic.", "Domenii ca inteligență artificială cresc."],
    "sv": ["Man kan inte skapa energi ur intet.", "Vi kan inte skapa energi ur intet.", "Jag är inte kock, men jag hjälper gärna till."],
}  # fmt: skip
"""Statements about the world, and what others cannot do."""


@pytest.mark.parametrize(("language", "text"), [(code, text) for code, texts in DECLINING.items() for text in texts])
def test_it_declines(language: str, text: str) -> None:
    assert refusal_share(text, language) >= 0.5


@pytest.mark.parametrize(
    ("language", "text"),
    [(code, text) for each in (HARMLESS, HARMLESS_TOO) for code, texts in each.items() for text in texts],
)
def test_it_does_not_decline(language: str, text: str) -> None:
    assert refusal_share(text, language) == 0


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("number", range(5))
def test_a_real_answer_may_mention_it(language: str, number: int) -> None:
    """In its middle, or as a remark before a page of advice."""
    refusal, text = DECLINING[language][number], (TEXTS[language] + " ") * 12
    assert refusal_share(text + refusal + text, language) == 0
    assert refusal_share(f"{refusal} {text}", language) < LIMITS.refusal_share
    assert refusal_share(f"{refusal} {TEXTS[language]}", language) >= LIMITS.refusal_share


@pytest.mark.parametrize("language", LANGUAGES)
def test_teachers_decline_in_english_too(language: str) -> None:
    assert refusal_share(DECLINING["en"][0], language) == 1


def test_every_language_of_the_grid_has_phrases() -> None:
    assert set(LANGUAGES) <= set(PHRASES)
    assert refusal_share("Kaj je to?", "sl") == 0
