"""How one declines in each language, as regular expressions.

Here: the phrases, written for this project. Not here: how they are weighed (refusal.py).

All in lower case, with straight apostrophes; Arabic without vowel signs and with bare alif. A sentence declines if it
says that the speaker cannot (`cannot`) do what an assistant does (`task`), or that the speaker is a machine
(`machine`). `sorry` begins an apology.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Phrases:
    """The phrases of one language; see the module."""

    sorry: str
    cannot: str
    task: str
    machine: str
    task_first: bool = False


_EN = Phrases(
    sorry=r"(?:i'm|i am|we're|we are)?\s?(?:so |very |truly |really )?sorry|i apologi[sz]e|my apologies|unfortunately|regrettably",
    cannot=r"\b(?:i|we)(?:'m| am| are|'re)? (?:really |simply |just |also |afraid i )?(?:can't|cannot|can not|could not|couldn't"
    r"|unable to|not able to|not in a position to|not comfortable|won't|will not|refuse to|decline to|must decline|have to decline"
    r"|must refuse|am not allowed to|not allowed to|not permitted to|do not feel comfortable|don't feel comfortable)\b",
    task=r"\b(?:help(?! but\b)|assist|answer|provide|fulfil|comply|creat|writ|generat|engag|continu|support|shar|giv|offer"
    r"|discuss|process|respond|translat|complet|promot|participat|do (?:that|this|so)|your request|this request|that request)",
    machine=r"\bas an? (?:(?:ai|artificial intelligence)(?= ?(?:,|\.|language|large|model|assistant|system|i\b|developed"
    r"|created|trained|without|with no))|(?:large )?language model|virtual assistant)"
    r"|\b(?:i'm|i am) (?:just |only |merely |simply )?an? (?:ai\b|artificial intelligence|(?:large )?language model)",
)

PHRASES: dict[str, Phrases] = {
    "en": _EN,
    "de": Phrases(
        sorry=r"(?:es )?tut mir (?:sehr |wirklich )?leid|entschuldig|verzeih|leider|bedauerlicherweise|ich bedau",
        cannot=r"\b(?:(?:ich (?:kann|darf|werde|könnte)|(?:kann|darf|werde|könnte) ich)\b[^.!?\n]{0,70}?\b(?:nicht|kein\w*|weder)"
        r"|(?:ich bin|bin ich)\b[^.!?\n]{0,30}?\bnicht (?:in der lage|befugt|imstande|berechtigt)"
        r"|ich (?:muss|möchte)\b[^.!?\n]{0,60}?\bablehnen|ist (?:es )?mir (?:leider )?nicht (?:möglich|erlaubt|gestattet))",
        task=r"helfen|hilfe|behilflich|antworten|unterstützen|bereitstellen|bereitzustellen|erfüllen|nachkommen|erstellen"
        r"|generieren|schreiben|geben|ablehnen|anbieten|durchführen|verarbeiten|liefern|ausführen|mitwirken|diskutieren"
        r"|fortfahren|dienen|verfassen|übersetzen|bearbeiten|entsprechen|anfrage|teilen|auskunft",
        machine=r"\bals (?:eine? )?(?:reine[sr]? |große[sr]? |bloße[sr]? )?(?:ki\b(?!-?(?:forsch|entwickl|expert|unternehm|ingenieur))"
        r"|ki-|künstliche intelligenz|(?:ki-?)?sprachmodell|virtueller assistent|digitaler assistent|sprachassistent)"
        r"|\bich bin (?:nur |lediglich |bloß |ja |leider )?(?:eine? )?(?:ki\b|künstliche intelligenz|(?:großes )?(?:ki-?)?sprachmodell)",
    ),
    "es": Phrases(
        sorry=r"lo siento|lo lamento|lamento|disculp|perd[oó]n|mis disculpas|me temo|lamentablemente|desafortunadamente|por desgracia",
        cannot=r"\bno (?:te |le |les |os )?(?:puedo|podemos|podr[ée]|podr[íi]a)\b|\bno (?:me es|nos es|es) posible|\bno soy capaz"
        r"|\bno estoy (?:en condiciones|autorizad|capacitad|programad|diseñad|en posici[oó]n)|\bme niego a|\bno tengo permitido"
        r"|\bdebo (?:rechazar|negarme|declinar)|\bme es imposible|\bno tengo la capacidad",
        task=r"ayud|asist|respond|proporcion|cumpl|gener|escrib|cre[ae]r|ofrec|hacer (?:eso|esto|lo)|continu|brind|\bdar|particip"
        r"|compart|contest|realiz|elabor|complac|facilit|traduc|apoy|solicitud|petici[oó]n|atender",
        machine=r"\b(?:como|al ser|dado que soy|ya que soy|siendo) (?:solo |s[oó]lo )?(?:una? )?(?:ia\b|inteligencia artificial"
        r"|(?:gran )?modelo (?:de lenguaje|ling[üu][íi]stico|de ia)|asistente (?:virtual|de ia|digital))"
        r"|\bsoy (?:solo |s[oó]lo |solamente |[úu]nicamente |simplemente )?(?:una? )?(?:ia\b|inteligencia artificial|modelo de lenguaje)",
    ),
    "cs": Phrases(
        sorry=r"(?:je mi (?:to )?(?:velmi |opravdu )?líto|omlouvám|promiň|lituj|bohužel|odpus[tť])",
        cannot=r"\b(?:nemohu|nemůžu|nemůžeme|nesmím|nedokážu|nedovedu|neumím|odmítám|nebudu|nejsem schop\w*"
        r"|nejsem oprávněn\w*|není (?:mi |pro mě )?možné|není v mých silách|nemám možnost|musím odmítnout)",
        task=r"pomoc|pomoct|pomáh|odpověd|odpovíd|poskyt|splnit|vyhovět|vytvoř|napsat|psát|generovat|asistov|sdělit|poradit"
        r"|provést|pokračovat|sdílet|podílet|odmítnout|přeložit|zpracovat|nabíd|požadav|žádost|podpo",
        machine=r"\bjako (?:velký |pouhá |pouhý |pouze )?(?:ai\b(?!-)|umělá inteligence|jazykový model|model umělé inteligence"
        r"|virtuální asistent|digitální asistent|ai[ -](?:model|asistent|jazykový))"
        r"|\bjsem (?:jen |pouze |jenom |pouhá |pouhý )?(?:ai\b|umělá inteligence|(?:velký )?jazykový model)",
    ),
    "id": Phrases(
        sorry=r"(?:mohon )?maaf|saya (?:mohon |minta )?maaf|sayangnya|saya menyesal|dengan menyesal",
        cannot=r"\b(?:saya|aku|kami|maaf)\b[^.!?\n]{0,30}?\b(?:tidak|tak|belum) (?:dapat|bisa|mampu|boleh|diizinkan|diperbolehkan|akan bisa)\b"
        r"|\b(?:saya|kami) (?:harus )?menolak",
        task=r"\b(?:membantu|bantu|menjawab|memberi|memenuhi|menyediakan|membuat|menulis|melakukan|melanjutkan|menghasilkan"
        r"|mendukung|melayani|menanggapi|membagikan|menerjemahkan|memproses|mengabulkan|menyelesaikan|berpartisipasi|permintaan)",
        machine=r"\bsebagai (?:sebuah |suatu |seorang )?(?:ai\b|model (?:bahasa|ai)|kecerdasan (?:buatan|artifisial)|asisten (?:ai|virtual|digital))"
        r"|\bsaya (?:hanya|hanyalah|adalah|cuma|sekadar) (?:sebuah |suatu )?(?:ai\b|model (?:bahasa|ai)|kecerdasan (?:buatan|artifisial)|asisten ai)",
    ),
    "tl": Phrases(
        sorry=r"paumanhin|pasensya|patawad|ikinalulungkot|humihingi ako ng (?:paumanhin|tawad)|sa kasamaang[- ]palad|nakakalungkot",
        cannot=r"\bhindi (?:po |talaga )?(?:ko|ako|kita|kami|namin)\b|paumanhin[^.!?\n]{0,30}?\bhindi (?:maaari|maaaring|puwede|pwede|posible)"
        r"|\btumatanggi ako|\bkailangan kong tanggihan|\bwala akong kakayahan",
        task=r"tulong|tulung|sagot|sagut|maibig|maibibig|magbigay|magbibigay|makapagbi|magawa|magagawa|gawin|makagawa|sulat"
        r"|isulat|likha|ipagpatuloy|tumugon|makatugon|matugunan|hiling|kahilingan|ibahagi|isalin|suporta",
        machine=r"\bbilang (?:isang |isa lamang )(?:malaking )?(?:ai\b|artificial intelligence|modelo ng wika|modelong pang-?wika|language model"
        r"|virtual assistant|artipisyal na (?:katalinuhan|intelihensiya|intelihensya))"
        r"|\b(?:isa lamang|isa lang|isa) (?:po )?akong (?:ai\b|artificial intelligence|modelo ng wika|modelong pang-?wika|language model|artipisyal)"
        r"|\bako ay isang? (?:lamang |lang )?(?:ai\b|artificial intelligence|modelo ng wika|modelong pang-?wika|language model|artipisyal)",
    ),
    "ja": Phrases(
        sorry=r"(?:大変|誠に|まことに)?(?:申し訳(?:ありません|ございません|ないです|ない)|すみません|ごめん(?:なさい)?|恐れ入りますが|残念ながら|残念です|あいにく)",
        cannot=r"できません|出来ません|できかねます|出来かねます|致しかねます|いたしかねます|しかねます|かねます|なれません|お断り|控えさせて|差し控え"
        r"|ことはできない|できないん|できないので",
        # Without a speaker, an apology or a humble form, 作成できません is a statement about the matter.
        task=r"お手伝い|お答え|お応え|ご案内|お力|ご要望|ご依頼|ご要求|ご提供"
        r"|(?:申し訳|すみません|恐れ入り|残念ながら|私|わたし|当方)[^。！？\n]{0,60}?"
        r"(?:手伝|手助け|答え|回答|応じ|対応|提供|支援|サポート|協力|作成|生成|要望|依頼|リクエスト|要求|共有|関与)",
        machine=r"(?:^|私は|わたしは|当方は|あくまで|一つの)(?:単なる|ただの)?(?:ai|人工知能|大?規?模?言語モデル|aiアシスタント)(?:の?言語モデル|モデル|アシスタント)?"
        r"(?:として(?!の)|である|ですので|なので|であり|のため|に過ぎ|です|ですから|だから)|言語モデルとして(?!の)|aiアシスタントとして(?!の)",
        task_first=True,
    ),
    "ar": Phrases(
        sorry=r"(?:انا )?(?:اسف|متاسف|اعتذر|عذرا|معذره|معذرة|للاسف|ناسف|نعتذر|يؤسفني)",
        cannot=r"لا (?:استطيع|يمكنني|اقدر|يمكننا|نستطيع|يسعني|املك القدرة|املك القدره)|لن (?:استطيع|اتمكن|اقدر|يمكنني)|لست (?:قادرا|قادره|قادرة|مخولا)"
        r"|غير قادر|ليس (?:بامكاني|بوسعي|في وسعي|من الممكن ان)|لا (?:يسمح|يجوز) لي|اعتذر عن|ارفض|يتعذر علي",
        task=r"مساعد|اساعد|الاجاب|اجيب|الرد|تقديم|اقدم|توفير|اوفر|تلبية|تلبيه|القيام|كتاب|اكتب|انشاء|انتاج|تنفيذ|الاستجاب|اعطا|مشارك|اكمال|مواصل"
        r"|طلب|ترجم|معالج|المساهم|اتمام",
        machine=r"(?:بصفتي|كوني|لكوني|باعتباري|بوصفي|لانني|بما انني|كمجرد) (?:مجرد )?(?:نموذج|ذكاء|مساعد|برنامج)(?:ا)? ?(?:لغ|لغوي|لغة|اصطناعي|ذكاء|ال?ذكاء|افتراضي|رقمي)"
        r"|(?:^|[\s،])(?:كنموذج|كذكاء|كمساعد) (?:لغ|اصطناعي|ذكاء|افتراضي|رقمي)|انا (?:مجرد |لست سوي )?(?:نموذج (?:لغ|ذكاء)|ذكاء اصطناعي|مساعد ذكاء)",
    ),
    "fr": Phrases(
        sorry=r"(?:je suis )?(?:vraiment |sincèrement )?désolée?|je m'excuse|mes excuses|je regrette|malheureusement|pardon",
        cannot=r"\bje (?:ne (?:peux|puis|pourrai|saurais|suis)|n'ai)(?: malheureusement| absolument)? pas|\bje ne (?:peux|puis) (?:vous|t)"
        r"|\bil m'est impossible|\bje suis (?:dans l'incapacité|incapable)|\bje refuse|\bje dois (?:refuser|décliner)",
        task=r"aider|aide|assister|répondre|fournir|satisfaire|créer|rédiger|écrire|générer|donner|continuer|proposer|offrir|faire (?:cela|ça)"
        r"|partager|participer|traduire|demande|requête|accéder",
        machine=r"\ben tant qu(?:e |')(?:une? )?(?:simple )?(?:ia\b|intelligence artificielle|(?:grand )?modèle (?:de langage|linguistique|d'ia)|assistante? virtuel)"
        r"|\bje (?:ne )?suis (?:qu'|seulement |juste )?(?:une? )(?:ia\b|intelligence artificielle|modèle de langage)",
    ),
    "it": Phrases(
        sorry=r"mi dispiace|mi spiace|scusa|mi scuso|purtroppo|sono spiacente",
        cannot=r"\bnon (?:posso|possiamo|potrò|sono in grado|mi è possibile|sono autorizzat)|\bmi rifiuto|\bdevo (?:rifiutare|declinare)",
        task=r"aiut|assist|rispond|forn|soddisf|cre(?:are|azione)|scriv|gener|dare|dar|continu|offr|farlo|condivid|partecip|tradur|richiesta",
        machine=r"\b(?:come|in quanto|essendo) (?:una? |un')?(?:semplice )?(?:ia\b|intelligenza artificiale|modello (?:linguistico|di linguaggio|di ia)|assistente virtuale)"
        r"|\bsono (?:solo |soltanto )?(?:una? |un')(?:ia\b|intelligenza artificiale|modello linguistico)",
    ),
    "pt": Phrases(
        sorry=r"(?:sinto|lamento)(?: muito)?|desculp|peço desculpa|infelizmente|perdão",
        cannot=r"\bnão (?:posso|podemos|poderei|consigo|sou capaz|me é possível|estou (?:autorizad|apt|em condições))|\brecuso|\bdevo recusar",
        task=r"ajud|auxili|assist|respond|fornec|atend|cri(?:ar|ação)|escrev|ger(?:ar|ação)|\bdar|continu|oferec|fazer isso|compartilh|partilh|particip|traduz|pedido|solicitação",
        machine=r"\b(?:como|sendo|por ser) (?:uma? )?(?:ia\b|inteligência artificial|modelo (?:de linguagem|de ia)|assistente virtual)"
        r"|\bsou (?:apenas |só |somente )?(?:uma? )(?:ia\b|inteligência artificial|modelo de linguagem)",
    ),
    "nl": Phrases(
        sorry=r"(?:het )?spijt me|sorry|mijn excuses|helaas|excuus",
        cannot=r"\b(?:ik kan|kan ik|ik mag|ik zal|ik ben)\b[^.!?\n]{0,50}?\b(?:niet|geen)|\bik (?:weiger|moet weigeren)",
        task=r"help|hulp|assist|antwoord|verstrek|voldoen|maken|schrijven|gener|geven|doorgaan|bied|delen|verzoek|staat|vertal|ondersteun",
        machine=r"\bals (?:een )?(?:ai\b|kunstmatige intelligentie|(?:groot )?taalmodel|ai-|virtuele assistent)"
        r"|\bik ben (?:slechts |maar |alleen |enkel )?een (?:ai\b|kunstmatige intelligentie|taalmodel)",
    ),
    "pl": Phrases(
        sorry=r"przykro mi|przepraszam|niestety|wybacz",
        cannot=r"\bnie (?:mogę|możemy|jestem w stanie|mogłabym|mógłbym|potrafię|wolno mi)|\bodmawiam|\bmuszę odmówić",
        task=r"pomóc|pomoc|pomaga|odpowied|udziel|dostarcz|spełni|stworzy|tworzy|napisa|generow|poda|kontynuow|zaoferow|prośb|przetłumacz|udostępni|zrobić|odmówić",
        machine=r"\bjako (?:duży |tylko )?(?:ai\b|sztuczna inteligencja|model (?:językowy|ai)|wirtualny asystent|asystent ai)"
        r"|\bjestem (?:tylko |jedynie )?(?:ai\b|sztuczną inteligencją|modelem językowym)",
    ),
    "ru": Phrases(
        sorry=r"(?:мне (?:очень )?жаль|извин|прост(?:и|ите)|прошу прощения|к сожалению|сожале)",
        cannot=r"(?<!\w)(?:не (?:могу|можем|смогу|в состоянии|имею (?:права|возможности)|способ\w+)|отказываюсь|вынужден\w* отказать)",
        task=r"помо[чг]|ответ|отвеча|предостав|выполн|созда|напис|сгенерир|дать|продолж|предлож|запрос|просьб|перевес|участв|отказать",
        machine=r"(?<!\w)(?:как|будучи|являясь) (?:большая |большой |просто )?(?:ии|искусственный интеллект|языковая модель|языковой модел\w+|искусственным интеллектом|виртуальный ассистент|виртуальный помощник)(?!\w)"
        r"|(?<!\w)я (?:—|-|–|всего лишь|просто|лишь)?\s?(?:всего лишь |просто )?(?:ии|искусственный интеллект|языковая модель)(?!\w)",
    ),
    "ko": Phrases(
        sorry=r"(?:정말 )?(?:죄송(?:합니다|하지만|해요)|미안(?:합니다|하지만|해요)|유감스럽|아쉽게도|안타깝게도)",
        cannot=r"(?:수|수는|수가) 없(?:습니다|어요|음|네요|는)|못합니다|못해요|어렵습니다|불가능합니다|거절|않겠습니다",
        task=r"도와드|답변드|도움을 드|제공해 드|드릴"
        r"|(?:죄송|미안|저는|제가|유감|아쉽)[^.!?\n]{0,60}?(?:도와|도움|답변|답할|대답|제공|응할|작성|생성|요청|지원|계속|공유|번역|수행|만들)",
        machine=r"(?:ai|인공지능|(?:대규모 |거대 )?언어 ?모델|가상 비서)(?: 언어 ?모델| 모델| 어시스턴트)?(?:로서|으로서|이므로|이기 때문|일 뿐|입니다|이라서|라서)(?!의)",
        task_first=True,
    ),
    "zh": Phrases(
        sorry=r"(?:很|非常|十分)?(?:抱歉|对不起|對不起|遗憾|遺憾)|不好意思",
        cannot=r"(?:我|我们)?(?:无法|無法|不能|不便|没有办法|没办法|拒绝|拒絕|不可以)",
        task=r"帮|幫|协助|協助|回答|提供|满足|滿足|创建|撰写|写|生成|继续|完成|处理|请求|要求|分享|翻译|参与|给出",
        machine=r"(?:作为|作為|身为|身為)(?:一个|一個|一名|一款)?(?:ai|人工智能|人工智慧|(?:大型)?语言模型|語言模型|虚拟助手)(?!(?:工程|研究|专家))"
        r"|我(?:只)?是(?:一个|一個)?(?:ai|人工智能|人工智慧|(?:大型)?语言模型|語言模型)",
    ),
    "tr": Phrases(
        sorry=r"(?:çok )?üzgünüm|özür dilerim|maalesef|ne yazık ki|kusura bakma",
        cannot=r"(?:edemem|olamam|veremem|yapamam|yazamam|sağlayamam|oluşturamam|edemiyorum|olamıyorum|veremiyorum|yapamıyorum|sağlayamıyorum|sunamam|reddediyorum|cevaplayamam|yanıtlayamam|yanıt veremem)",
        task=r"yardım|cevap|yanıt|bilgi|istek|isteğ|talep|taleb|içerik|konuda|bunu|destek",
        machine=r"\bbir (?:yapay zek[aâ]|dil modeli|sanal asistan)[^.!?\n]{0,25}?(?:olarak|olduğum|im\b|yım\b|iyim)|\byapay zek[aâ] (?:dil modeli )?olarak",
        task_first=True,
    ),
    "vi": Phrases(
        sorry=r"(?:tôi |mình )?(?:rất |thành thật )?(?:xin lỗi|tiếc)|rất tiếc",
        cannot=r"\b(?:không thể|không có khả năng|không được phép|từ chối|chưa thể)",
        task=r"giúp|hỗ trợ|trả lời|cung cấp|đáp ứng|tạo|viết|thực hiện|tiếp tục|chia sẻ|dịch|yêu cầu|tham gia",
        machine=r"\b(?:là|với tư cách là|vì là) (?:một )?(?:ai\b|trí tuệ nhân tạo|mô hình ngôn ngữ|trợ lý (?:ảo|ai))",
    ),
}
PHRASES["ms"] = PHRASES["jv"] = PHRASES["su"] = PHRASES["id"]
