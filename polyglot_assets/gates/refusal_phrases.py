"""How one declines in each language, as regular expressions.

Here: the phrases, written for this project. Not here: how they are weighed (refusal.py).

There are phrases for the languages of `PHRASES`. Answers in any other language are searched for English refusals only:
one that declines in its own language passes.

All with straight apostrophes; Arabic without vowel signs and with bare alif. What matters is that the speaker
declines. `We cannot create energy`, `it is not possible to …` are statements about the world, so a phrase names the
speaker, be it by the form of the verb, or stands after an apology.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Phrases:
    """The phrases of one language. A text declines if a sentence in its beginning says one of these.

    Attributes:
        sorry: an apology of the speaker.
        alas: a regret about the world, which is no apology.
        cannot: the speaker cannot or will not.
        nobody: nobody can, or we cannot; counts after an apology only.
        task: what an assistant does; declining is to say that the speaker cannot do it.
        role: `as an AI`; at the beginning of a sentence or after an apology, else it may be about anybody's.
        machine: `I am an AI`.
        whole: other sentences that decline.
        speaker: what else may stand before a role for it to be the speaker's.
        task_first: the verb stands at the end.
        spaced: every phrase begins with a word, as it is written between spaces.
    """

    sorry: str
    cannot: str
    task: str
    role: str
    machine: str
    alas: str = ""
    nobody: str = ""
    whole: str = ""
    speaker: str = ""
    task_first: bool = False
    spaced: bool = True


_EN_CANNOT = (
    r"(?:can't|cannot|can not|unable to|not able to|not in a position to|not comfortable|won't|will not|refuse to|decline to"
    r"|must decline|have to decline|must refuse|am not allowed to|not allowed to|not permitted to|do not feel comfortable"
    r"|don't feel comfortable)\b"
)
_EN = Phrases(
    sorry=r"(?:i'm|i am|we're|we are)?\s?(?:so |very |truly |really )?sorry|i apologi[sz]e|my apologies",
    alas=r"unfortunately|regrettably",
    cannot=rf"\bi(?:'m| am)? (?:really |simply |just |also |afraid i )?{_EN_CANNOT}",
    nobody=rf"\bwe(?: are|'re)? {_EN_CANNOT}|\bi (?:could not|couldn't)\b",
    whole=rf"\bwe(?: are|'re)? {_EN_CANNOT}[^.!?\n]{{0,30}}?\b(?:help you|assist you|(?:this|that|your) (?:request|task|query))",
    task=r"\b(?:recommend|advis|suggest|explain|describ|predict|comment|speculat|diagnos|verify|confirm|endorse|access|brows|tell you|do it for you|accept this|help(?! but\b)|assist|answer|provide|fulfil|comply|creat|writ|generat|engag|continu|support|shar|giv|offer"
    r"|discuss|process|respond|translat|complet|promot|participat|do (?:that|this|so)|your request|this request|that request)",
    role=r"\bas an? (?:(?:ai|artificial intelligence)(?= ?(?:,|\.|language|large|model|assistant|system|i\b|developed"
    r"|created|trained|without|with no))|(?:large )?language model|virtual assistant)",
    machine=r"\bas an? (?:ai|(?:large )?language model)\b[^.!?\n]{0,30}?,? (?:i|my)\b"
    r"|\b(?:i'm|i am) (?:just |only |merely |simply )?an? (?:ai\b|artificial intelligence|(?:large )?language model)",
)

PHRASES: dict[str, Phrases] = {
    "en": _EN,
    "de": Phrases(
        sorry=r"(?:es )?tut mir (?:sehr |wirklich )?leid|entschuldig|verzeih|ich bedau",
        alas=r"leider|bedauerlicherweise",
        cannot=r"\b(?:(?:ich (?:kann|darf|werde|könnte)|(?:kann|darf|werde|könnte) ich)\b[^.!?\n]{0,70}?\b(?:nicht|kein\w*|weder)"
        r"|(?:ich bin|bin ich)\b[^.!?\n]{0,30}?\bnicht (?:in der lage|befugt|imstande|berechtigt)"
        r"|ich (?:muss|möchte)\b[^.!?\n]{0,60}?\bablehnen|ist (?:es )?mir (?:leider )?nicht (?:möglich|erlaubt|gestattet))",
        task=r"empfehlen|erklären|beschreiben|vorhersagen|zugreifen|beurteilen|verraten|kommentieren|spekulieren|bestätigen|beraten|mitteilen|abrufen|helfen|hilfe|behilflich|antworten|unterstützen|bereitstellen|bereitzustellen|erfüllen|nachkommen|erstellen"
        r"|generieren|schreiben|geben|ablehnen|anbieten|durchführen|verarbeiten|liefern|ausführen|mitwirken|diskutieren"
        r"|fortfahren|dienen|verfassen|übersetzen|bearbeiten|entsprechen|anfrage|teilen|auskunft",
        role=r"\bals (?:eine? )?(?:reine[sr]? |große[sr]? |bloße[sr]? )?(?:ki\b(?!-?(?:forsch|entwickl|expert|unternehm|ingenieur))"
        r"|ki-|künstliche intelligenz|(?:ki-?)?sprachmodell|virtueller assistent|digitaler assistent|sprachassistent)"
        r"(?![^.!?\n]{0,40}?\b(?:bezeichn|versteht man|gilt|gelten|definier))",
        machine=r"\b(?:(?:habe|bin|kann|kenne|besitze|verfüge) ich (?:leider |ja |nur )?als|da ich(?: nur| ja| bloß)?) (?:eine? )?(?:ki\b|ki-|sprachmodell)"
        r"|\bich bin (?:nur |lediglich |bloß |ja |leider )?(?:eine? )?(?:ki\b|künstliche intelligenz|(?:großes )?(?:ki-?)?sprachmodell)",
    ),
    "es": Phrases(
        sorry=r"lo siento|lo lamento|lamento|disculp|perd[oó]n|mis disculpas|me temo",
        alas=r"lamentablemente|desafortunadamente|por desgracia",
        cannot=r"\bno (?:te |le |les |os )?(?:puedo|podr[ée])\b|\bno me es posible|\bno soy capaz"
        r"|\bno estoy (?:en condiciones|autorizad|capacitad|programad|diseñad|en posici[oó]n)|\bme niego a|\bno tengo permitido"
        r"|\bdebo (?:rechazar|negarme|declinar)|\bme es imposible|\bno tengo la capacidad",
        nobody=r"\bno (?:podemos|podr[íi]a|(?:nos )?es posible)\b",
        task=r"recomend|aconsej|suger|explic|describ|predec|opinar|coment|especul|diagnostic|confirm|verific|acceder|deci(?:rte|rle)|emitir|ayud|asist|respond|proporcion|cumpl|gener|escrib|\bcrear|ofrec|hacer (?:eso|esto|lo)|continu|brind|\bdar|particip"
        r"|compart|contest|realiz|elabor|complac|facilit|traduc|apoy|solicitud|petici[oó]n|atender",
        role=r"\b(?:como|al ser|dado que soy|ya que soy|siendo) (?:solo |s[oó]lo )?(?:una? )?(?:ia\b|inteligencia artificial"
        r"|(?:gran )?modelo (?:de lenguaje|ling[üu][íi]stico|de ia)|asistente (?:virtual|de ia|digital))",
        machine=r"\bcomo (?:una? )?(?:ia|modelo de lenguaje),? no (?:tengo|puedo|siento|poseo|cuento)\b"
        r"|\bsoy (?:solo |s[oó]lo |solamente |[úu]nicamente |simplemente )?(?:una? )?(?:ia\b|inteligencia artificial|modelo de lenguaje)",
    ),
    "cs": Phrases(
        sorry=r"(?:je mi (?:to )?(?:velmi |opravdu )?líto|omlouvám|promiň|lituj|odpus[tť])",
        alas=r"bohužel",
        cannot=r"\b(?:nemohu|nemůžu|nesmím|nedokážu|nedovedu|neumím|odmítám|nebudu|nejsem schop\w*"
        r"|nejsem oprávněn\w*|není (?:mi|pro mě) možné|není v mých silách|nemám možnost|musím odmítnout)",
        nobody=r"\b(?:nemůžeme|není možné|nelze)\b",
        whole=r"\b(?:pomoci|pomoct|odpovědět|vyhovět|splnit|poskytnout|sdělit|poradit|napsat|vytvořit|přeložit)"
        r" (?:bohužel )?(?:nemohu|nemůžu|nesmím|nedokážu)\b(?=\s*(?:[.,;!?\n]|$))",
        task=r"doporuč|vysvětl|popsat|předpov|komentovat|potvrd|diagnostikov|prozrad|posoudit|zjistit|pomoc|pomoct|pomáh|odpověd|odpovíd|poskyt|splnit|vyhovět|vytvoř|napsat|psát|generovat|asistov|sdělit|poradit"
        r"|provést|pokračovat|sdílet|podílet|odmítnout|přeložit|zpracovat|nabíd|požadav|žádost|podpo",
        role=r"\bjako (?:velký |pouhá |pouhý |pouze )?(?:ai\b(?!-)|umělá inteligence|jazykový model|model umělé inteligence"
        r"|virtuální asistent|digitální asistent|ai[ -](?:model|asistent|jazykový))",
        machine=r"\bjsem (?:jen |pouze |jenom |pouhá |pouhý )?(?:ai\b|umělá inteligence|(?:velký )?jazykový model)",
    ),
    "id": Phrases(
        sorry=r"(?:mohon )?maaf|saya (?:mohon |minta )?maaf|saya menyesal|dengan menyesal",
        alas=r"sayangnya",
        cannot=r"\b(?:saya|aku|kami|maaf)\b[^.!?\n]{0,30}?\b(?:tidak|tak|belum) (?:dapat|bisa|mampu|boleh|diizinkan|diperbolehkan|akan bisa)\b"
        r"|\b(?:saya|kami) (?:harus )?menolak",
        whole=r"\b(?:tidak|tak|belum) (?:dapat|bisa|mampu|boleh) (?:saya|kami|aku) (?:penuhi|bantu|jawab|beri|laku|buat|tulis|layani"
        r"|sedia|proses|lanjut|terjemah|kabul|tanggap|selesai|bagi)",
        task=r"\b(?:menjelaskan|merekomendasikan|menyarankan|memprediksi|mengakses|mengomentari|memastikan|mendiagnosis|menyampaikan|membantu|bantu|menjawab|memberi|memenuhi|menyediakan|membuat|menulis|melakukan|melanjutkan|menghasilkan"
        r"|mendukung|melayani|menanggapi|membagikan|menerjemahkan|memproses|mengabulkan|menyelesaikan|berpartisipasi|permintaan)",
        role=r"\bsebagai (?:sebuah |suatu |seorang )?(?:ai\b|model (?:bahasa|ai)|kecerdasan (?:buatan|artifisial)|asisten (?:ai|virtual|digital))",
        machine=r"\bsaya (?:hanya|hanyalah|adalah|cuma|sekadar) (?:sebuah |suatu )?(?:ai\b|model (?:bahasa|ai)|kecerdasan (?:buatan|artifisial)|asisten ai)",
    ),
    "tl": Phrases(
        sorry=r"paumanhin|pasensya|patawad|ikinalulungkot|humihingi ako ng (?:paumanhin|tawad)",
        alas=r"sa kasamaang[- ]palad|nakakalungkot",
        cannot=r"\bhindi (?:po |talaga )?(?:ko|ako|kita|kami|namin)(?: po| kayo| ka)? (?:maaari|pu?wede|kaya|pinapayagan)|paumanhin[^.!?\n]{0,30}?\bhindi (?:maaari|maaaring|puwede|pwede|posible)"
        r"|\btumatanggi ako|\bkailangan kong tanggihan|\bwala akong kakayahan",
        whole=r"\bhindi (?:po |talaga )?(?:ko|ako|kita|kami|namin)(?: po| kayo| ka)? ma(?:i|ka|kaka|kapag|tu|sa|ga|bi|pa)*\w{0,4}"
        r"(?:tulong|tulung|sagot|sagut|bigay|gawa|likha|sulat|tugon|tugun|salin|patuloy|suporta|hagi)",
        task=r"rekomenda|magpayo|payo|ipaliwanag|magpaliwanag|hulaan|tulong|tulung|sagot|sagut|maibig|maibibig|magbigay|magbibigay|makapagbi|magawa|magagawa|gawin|makagawa|sulat"
        r"|isulat|likha|ipagpatuloy|tumugon|makatugon|matugunan|hiling|kahilingan|ibahagi|isalin|suporta",
        role=r"\bbilang (?:isang |isa lamang )(?:malaking )?(?:ai\b|artificial intelligence|modelo ng wika|modelong pang-?wika|language model"
        r"|virtual assistant|artipisyal na (?:katalinuhan|intelihensiya|intelihensya))",
        machine=r"\b(?:isa lamang|isa lang|isa) (?:po )?akong (?:ai\b|artificial intelligence|modelo ng wika|modelong pang-?wika|language model|artipisyal)"
        r"|\bako ay isang? (?:lamang |lang )?(?:ai\b|artificial intelligence|modelo ng wika|modelong pang-?wika|language model|artipisyal)",
    ),
    "ja": Phrases(
        sorry=r"(?:大変|誠に|まことに)?(?:申し訳(?:ありません|ございません|ないです|ない)|すみません|ごめん(?:なさい)?|恐れ入りますが)",
        cannot=r"できません|出来ません|できかねます|出来かねます|致しかねます|いたしかねます|しかねます|かねます|なれません|お断り|控えさせて|差し控え"
        r"|ことはできない|できないん|できないので",
        # Without a speaker, an apology or a humble form, 作成できません is a statement about the matter.
        task=r"お手伝い|お答え|お応え|ご案内|お力|ご要望|ご依頼|ご要求|ご提供"
        r"|(?:申し訳|すみません|恐れ入り|私(?:は|に|で)|わたし(?:は|に|で)|当方)[^。！？\n]{0,60}?"
        r"(?:手伝|手助け|答え|回答|応じ|対応|提供|支援|サポート|協力|作成|生成|要望|依頼|リクエスト|要求|共有|関与)"
        r"|残念ながら[^。！？\n]{0,40}?(?:ご?質問|回答|要望|依頼|リクエスト|要求)",
        role=r"(?:ai|人工知能|(?:大規模)?言語モデル)(?:の?言語モデル|モデル|アシスタント)?"
        r"(?:として(?!の|知られ|広く|有名|開発|使|利用|注目)|ですので|なので|ですから|だから)",
        machine=r"(?:私は|わたしは|当方は)(?:あくまで)?(?:一つの)?(?:単なる|ただの)?(?:ai|人工知能|(?:大規模)?言語モデル)"
        r"(?:の?言語モデル|モデル|アシスタント)?(?:です|であり|である|に過ぎ|のため)",
        speaker=r"私は|わたしは|当方は|あくまで|単なる|ただの",
        task_first=True,
        spaced=False,
    ),
    "ar": Phrases(
        sorry=r"(?:انا )?(?:اسف|متاسف|اعتذر|عذرا|معذره|معذرة|ناسف|نعتذر|يؤسفني)",
        alas=r"للاسف",
        cannot=r"لا (?:استطيع|يمكنني|اقدر|يسعني|املك القدرة|املك القدره)|لن (?:استطيع|اتمكن|اقدر|يمكنني)|لست (?:قادرا|قادره|قادرة|مخولا)"
        r"|(?:انا|انني|اني|لانني) غير قادر|ليس (?:بامكاني|بوسعي|في وسعي)|لا (?:يسمح|يجوز) لي|اعتذر عن|ارفض|يتعذر علي",
        nobody=r"لا (?:يمكننا|نستطيع)|ليس من الممكن|لا يمكن\b|غير قادر",
        task=r"اوصي|توصي|اقترح|شرح|اشرح|اصف|وصف|التنبو|تشخيص|الوصول الي|التعليق|مساعد|اساعد|الاجاب|اجيب|الرد|تقديم|اقدم|توفير|اوفر|تلبية|تلبيه|القيام|كتاب|اكتب|انشاء|انتاج|تنفيذ|الاستجاب|اعطا|مشارك|اكمال|مواصل"
        r"|طلب|ترجم|معالج|المساهم|اتمام",
        machine=r"(?:بصفتي|كوني|لكوني|باعتباري|بوصفي|لانني|بما انني|كمجرد) (?:مجرد )?(?:نموذج|ذكاء|مساعد|برنامج)(?:ا)? ?(?:لغ|لغوي|لغة|اصطناعي|ذكاء|ال?ذكاء|افتراضي|رقمي)",
        role=r"(?:كنموذج|كذكاء|كمساعد) (?:لغ|اصطناعي|ذكاء|افتراضي|رقمي)",
        whole=r"انا (?:مجرد |لست سوي )?(?:نموذج (?:لغ|ذكاء)|ذكاء اصطناعي|مساعد ذكاء)",
        spaced=False,
    ),
    "fr": Phrases(
        sorry=r"(?:je suis )?(?:vraiment |sincèrement )?désolée?|je m'excuse|mes excuses|je regrette|pardon",
        alas=r"malheureusement",
        cannot=r"\bje ne (?:peux|puis|pourrai|saurais)(?: malheureusement| absolument)? pas|\bje ne (?:peux|puis) (?:vous|t)"
        r"|\bil m'est impossible|\bje suis (?:dans l'incapacité|incapable)|\bje ne suis pas (?:en mesure|capable|autorisé|habilité|programmé|conçu)|\bje n'ai pas (?:la capacité|la possibilité|le droit)|\bje refuse|\bje dois (?:refuser|décliner)",
        nobody=r"\bnous ne pouvons pas|\bil n'est pas possible",
        task=r"recommand|conseill|sugg[eé]r|expliqu|décri|prédi|comment(?:er|aire)|spécul|diagnosti|confirm|vérifi|accéd|vous dire|te dire|aider|aide|assister|répondre|fournir|satisfaire|créer|rédiger|écrire|générer|donner|continuer|proposer|offrir|faire (?:cela|ça)"
        r"|partager|participer|traduire|demande|requête|accéder",
        role=r"\b(?:en tant qu(?:e |')|étant )(?:une? )?(?:simple )?(?:ia\b|intelligence artificielle|(?:grand )?modèle (?:de langage|linguistique|d'ia)|assistante? virtuel)",
        machine=r"\bje (?:ne )?suis (?:qu'|seulement |juste )?(?:une? )(?:ia\b|intelligence artificielle|modèle de langage)",
    ),
    "it": Phrases(
        sorry=r"mi dispiace|mi spiace|scusa|mi scuso|sono spiacente",
        alas=r"purtroppo",
        cannot=r"\bnon (?:posso|potrò|mi è possibile)\b|\b(?:(?:ma|io|purtroppo) |(?<![^\W\d_] ))non sono (?:in grado|autorizzat)|\bmi rifiuto|\bdevo (?:rifiutare|declinare)",
        nobody=r"\bnon (?:possiamo|è possibile)",
        task=r"consigli|raccomand|sugger|spieg|descri|preved|comment|specul|diagnos|conferm|verific|acceder|dir(?:ti|le|vi)\b|aiut|assist|rispond|forn|soddisf|cre(?:are|azione)|scriv|gener|dare|dar|continu|offr|farlo|condivid|partecip|tradur|richiesta",
        role=r"\b(?:come|in quanto|essendo) (?:una? |un')?(?:semplice )?(?:ia\b|intelligenza artificiale|modello (?:linguistico|di linguaggio|di ia)|assistente virtuale)",
        machine=r"\bsono (?:solo |soltanto )?(?:una? |un')(?:ia\b|intelligenza artificiale|modello linguistico)",
    ),
    "pt": Phrases(
        sorry=r"(?:sinto|lamento)(?: muito)?|desculp|peço desculpa|perdão",
        alas=r"infelizmente",
        cannot=r"\bnão (?:posso|poderei|consigo|sou capaz|me é possível|estou (?:autorizad|apt|em condições))|\brecuso|\bdevo recusar",
        nobody=r"\bnão (?:podemos|é possível)",
        task=r"recomend|aconselh|suger|explic|descrev|prever|coment|especul|diagnosti|confirm|verific|acessar|aceder|opinar|dizer-lhe|lhe dizer|ajud|auxili|assist|respond|fornec|atend|cri(?:ar|ação)|escrev|ger(?:ar|ação)|\bdar|continu|oferec|fazer isso|compartilh|partilh|particip|traduz|pedido|solicitação",
        role=r"\b(?:como|sendo|por ser) (?:uma? )?(?:ia\b|inteligência artificial|modelo (?:de linguagem|de ia)|assistente virtual)",
        machine=r"\bsou (?:apenas |só |somente )?(?:uma? )(?:ia\b|inteligência artificial|modelo de linguagem)",
    ),
    "nl": Phrases(
        sorry=r"(?:het )?spijt me|sorry|mijn excuses|excuus",
        alas=r"helaas",
        cannot=r"\b(?:ik kan|kan ik|ik mag|ik zal)\b[^.!?\n]{0,50}?\b(?:niet|geen)|\bik ben (?:helaas )?niet (?:in staat|bevoegd|gemachtigd)|\bik (?:weiger|moet weigeren)",
        nobody=r"\b(?:we|wij) kunnen\b[^.!?\n]{0,50}?\b(?:niet|geen)",
        task=r"aanbevel|aanraden|uitleg|beschrijv|voorspel|beoordel|bevestig|raadpleg|adviser|toegang|help|hulp|assist|antwoord|verstrek|voldoen|maken|schrijven|gener|geven|doorgaan|bied|delen|verzoek|staat|vertal|ondersteun",
        role=r"\bals (?:een )?(?:ai\b|kunstmatige intelligentie|(?:groot )?taalmodel|ai-|virtuele assistent)",
        machine=r"\bik ben (?:slechts |maar |alleen |enkel )?een (?:ai\b|kunstmatige intelligentie|taalmodel)",
    ),
    "pl": Phrases(
        sorry=r"przykro mi|przepraszam|wybacz",
        alas=r"niestety",
        cannot=r"\bnie (?:mogę|jestem w stanie|mogłabym|mógłbym|potrafię|wolno mi)|\bodmawiam|\bmuszę odmówić",
        nobody=r"\bnie (?:możemy|można|jest możliwe)",
        task=r"polec|dorad|radzić|zalec|wyjaśni|opisa|przewidz|komentow|spekulow|potwierdz|zdiagnoz|sprawdzić|ocenić|pomóc|pomoc|pomaga|odpowied|udziel|dostarcz|spełni|stworzy|tworzy|napisa|generow|poda|kontynuow|zaoferow|prośb|przetłumacz|udostępni|zrobić|odmówić",
        role=r"\bjako (?:duży |tylko )?(?:ai\b|sztuczna inteligencja|model (?:językowy|ai)|wirtualny asystent|asystent ai)",
        machine=r"\bjestem (?:tylko |jedynie )?(?:ai\b|sztuczną inteligencją|modelem językowym)",
    ),
    "ru": Phrases(
        sorry=r"(?:мне (?:очень )?жаль|извин|прост(?:и|ите)|прошу прощения|сожалею)",
        alas=r"к сожалению",
        cannot=r"(?<!\w)(?:не (?:могу|смогу|имею (?:права|возможности))\b|я не (?:в состоянии|способ\w+)|отказываюсь|вынужден\w* отказать)",
        nobody=r"(?<!\w)(?:не можем|невозможно)",
        task=r"порекоменд|рекоменд|посовет|совет|объясн|описа|описыв|предсказ|комментир|диагноз|подтверд|провер|получить доступ|помо[чг]|ответ|отвеча|предостав|выполн|созда|напис|сгенерир|дать|продолж|предлож|запрос|просьб|перевес|участв|отказать",
        role=r"(?<!\w)(?:как|будучи|являясь) (?:большая |большой |просто )?(?:ии|искусственный интеллект|языковая модель|языковой модел\w+|искусственным интеллектом|виртуальный ассистент|виртуальный помощник)(?!\w)",
        machine=r"(?<!\w)я (?:—|-|–|всего лишь|просто|лишь)?\s?(?:всего лишь |просто )?(?:ии|искусственный интеллект|языковая модель)(?!\w)",
    ),
    "ko": Phrases(
        sorry=r"(?:정말 )?(?:죄송(?:합니다|하지만|해요)|미안(?:합니다|하지만|해요))",
        cannot=r"(?:수|수는|수가) 없(?:습니다|어요|음|네요|는)|못합니다|못해요|어렵습니다|불가능합니다|거절|않겠습니다",
        task=r"도와 ?드|답변 ?드|도움을 드|말씀 ?드|(?:해|려|어|여|아) ?드릴"
        r"|(?:죄송|미안|저는|제가)[^.!?\n]{0,60}?(?:도와|도움|답변|답할|대답|제공|응할|작성|생성|요청|지원|계속|공유|번역|수행|만들)"
        r"|(?:해당|요청하신|그|이) ?요청|(?:유감|아쉽|안타깝)[^.!?\n]{0,40}?(?:요청|질문|답변|대답)",
        role=r"(?:ai|인공지능|(?:대규모 |거대 )?언어 ?모델|가상 비서)(?: 언어 ?모델| 모델| 어시스턴트)?(?:로서|으로서|이므로|이기 때문|이라서|라서)(?!의)",
        machine=r"(?:저는|제가)(?: 단지| 그저| 그냥)? (?:ai|인공지능|(?:대규모 |거대 )?언어 ?모델|가상 비서)(?: 언어 ?모델| 모델| 어시스턴트)?(?:입니다|일 뿐|이에요|예요)",
        speaker=r"저는|제가",
        task_first=True,
        spaced=False,
    ),
    "zh": Phrases(
        sorry=r"(?:很|非常|十分)?(?:抱歉|对不起|對不起)|不好意思",
        alas=r"遗憾|遺憾",
        cannot=r"我(?:暂时|目前|恐怕|实在|也|并|可能|個人|个人)?(?:无法|無法|不能|不便|没有办法|没办法|拒绝|拒絕|不可以)",
        nobody=r"无法|無法|不能|不便|没有办法|没办法|不可以",
        whole=r"(?:无法|無法|不能|不便)(?:为|為|给|給|向)您",
        task=r"推荐|推薦|建议|说明|解释|透露|预测|评论|诊断|访问|帮|幫|协助|協助|回答|提供|满足|滿足|创建|撰写|写|生成|继续|完成|处理|请求|要求|分享|翻译|参与|给出",
        role=r"(?:作为|作為|身为|身為)(?:一个|一個|一名|一款)?(?:ai|人工智能|人工智慧|(?:大型)?语言模型|語言模型|虚拟助手)(?!(?:的|领域|技术|产品|公司|工程|研究|专家))",
        machine=r"我(?:只)?是(?:一个|一個)?(?:ai(?!\w*(?:工程|研究|专家))|人工智能|人工智慧|(?:大型)?语言模型|語言模型)",
        spaced=False,
    ),
    "tr": Phrases(
        sorry=r"(?:çok )?üzgünüm|özür dilerim|kusura bakma",
        alas=r"maalesef|ne yazık ki",
        cannot=r"(?:\w+(?:[ae]m[ae]m|[ae]m[ıi]yorum)\b|edemem|olamam|veremem|yapamam|yazamam|sağlayamam|oluşturamam|edemiyorum|olamıyorum|veremiyorum|yapamıyorum|sağlayamıyorum|sunamam|reddediyorum|cevaplayamam|yanıtlayamam|yanıt veremem|getiremem|getiremiyorum|karşılayamam|karşılayamıyorum|gerçekleştiremem|paylaşamam|tamamlayamam|çeviremem|üretemem)",
        task=r"öneri|tavsiye|açıkla|tahmin|yorum|yardım|cevap|yanıt|bilgi|istek|isteğ|talep|taleb|içerik|konuda|bunu|destek",
        role=r"\b(?:ben )?(?:bir )?(?:yapay zek[aâ]|dil modeli|sanal asistan)[^.!?\n]{0,25}?(?:olarak(?! (?:bilin|tanım|adland))|olduğum)",
        machine=r"\bben(?: sadece| yalnızca)?(?: bir)? (?:yapay zek[aâ]|dil modeli)[^.!?\n]{0,25}?(?:im\b|yım\b|iyim)|\bbir (?:yapay zek[aâ](?:yım| (?:dil )?modeliyim| asistanıyım)|dil modeliyim)",
        task_first=True,
    ),
    "vi": Phrases(
        sorry=r"(?:tôi |mình )?(?:rất |thành thật )?xin lỗi|(?:tôi|mình) (?:rất )?(?:lấy làm )?tiếc",
        alas=r"rất tiếc|đáng tiếc",
        cannot=r"\b(?:tôi|mình|em|chúng tôi)(?: \w+){0,3}? (?:không thể|không có khả năng|không được phép|từ chối|chưa thể)",
        nobody=r"\b(?:không thể|chưa thể|không được phép)",
        task=r"giới thiệu|giải thích|đề xuất|khuyên|dự đoán|mô tả|truy cập|xác nhận|giúp|hỗ trợ|trả lời|cung cấp|đáp ứng|tạo|viết|thực hiện|tiếp tục|chia sẻ|dịch|yêu cầu|tham gia",
        role=r"\b(?:là|với tư cách là|vì là) (?:một )?(?:ai\b|trí tuệ nhân tạo|mô hình ngôn ngữ|trợ lý (?:ảo|ai))",
        machine=r"\b(?:tôi|mình) (?:chỉ |vốn )?là (?:một )?(?:ai\b|trí tuệ nhân tạo|mô hình ngôn ngữ|trợ lý (?:ảo|ai))",
    ),
    "th": Phrases(
        sorry=r"ขออภัย|ขอโทษ|เสียใจ",
        cannot=r"(?:ฉัน|ผม|ดิฉัน)(?:คง|จึง|ก็)?(?:ไม่สามารถ|ไม่อาจ|ขอปฏิเสธ|ไม่ได้รับอนุญาต|ไม่มีความสามารถ)",
        nobody=r"ไม่สามารถ|ไม่อาจ",
        task=r"แนะนำ|อธิบาย|ทำนาย|บอก|เข้าถึง|ช่วย|ตอบ|ให้ข้อมูล|ให้คำ|ให้บริการ|สร้าง|เขียน|ทำตาม|ดำเนินการ|แปล|สนับสนุน|แบ่งปัน|คำขอ",
        role=r"(?:ในฐานะ(?:ที่เป็น)?|เนื่องจาก(?:ฉัน|ผม|ดิฉัน)?เป็น) ?(?:เพียง)?(?:ai|เอไอ|ปัญญาประดิษฐ์|โมเดลภาษา|แบบจำลองภาษา|ผู้ช่วยเสมือน)",
        machine=r"(?:ฉัน|ผม)(?:เป็น|คือ)(?:เพียง|แค่)? ?(?:ai|เอไอ|ปัญญาประดิษฐ์|โมเดลภาษา|แบบจำลองภาษา|ผู้ช่วยเสมือน)",
        spaced=False,
    ),
    "hi": Phrases(
        sorry=r"क्षमा|माफ|खेद",
        # The speaker stands at the beginning, the task in the middle, the verb at the end.
        cannot=r"नहीं [^।.!?\n]{0,12}?सक(?:ता|ती)(?! है)|असमर्थ हू|सक्षम नहीं हू",
        task=r"(?<!\w)मैं [^।.!?\n]{0,60}?(?:सिफारिश|सुझाव|सलाह|बता|समझा|भविष्यवाणी|टिप्पणी|मदद|सहायता|उत्तर|जवाब|जानकारी|अनुरोध|प्रश्न|सवाल|लिख|बना|प्रदान|अनुवाद|जारी|साझा)",
        role=r"(?:एक )?(?:ai|एआई|कृत्रिम बुद्धिमत्ता|भाषा मॉडल)(?: भाषा)?(?: मॉडल| सहायक)? (?:के रूप में(?! (?:जान|परिभाषित))|होने के नाते)",
        machine=r"(?<!\w)मैं (?:केवल |सिर्फ |बस |तो )?(?:एक )?(?:ai|एआई|कृत्रिम बुद्धिमत्ता|भाषा मॉडल)(?: भाषा)?(?: मॉडल| सहायक)? (?:हूँ|हूं)",
        task_first=True,
        spaced=False,
    ),
    "uk": Phrases(
        sorry=r"мені (?:дуже )?(?:шкода|прикро)|вибач|перепрошую|пробач",
        alas=r"на жаль",
        cannot=r"(?<!\w)(?:не (?:можу|зможу|маю (?:права|змоги|можливості))\b|я не (?:в змозі|здат\w+)|відмовляю(?:сь|ся)"
        r"|(?:змушен\w+|мушу) відмов\w+)",
        nobody=r"(?<!\w)(?:не можемо|неможливо)",
        task=r"порадити|рекоменд|поясн|опис|передбач|комент|діагноз|підтверд|перевір|отримати доступ|допомог|допомаг|відпов|надат|надав|викона|створ|напис|згенер|дати|продовж|запропон|запит|прохання|переклас|участ|відмов",
        role=r"(?<!\w)(?:як|будучи) (?:велик\w+ |лише )?(?:ші|штучний інтелект|штучним інтелектом|мовна модель|мовною моделлю"
        r"|віртуальний (?:помічник|асистент))(?!\w)",
        machine=r"(?<!\w)я ?(?:—|-|–)? ?(?:лише |просто |всього лише )?(?:велика )?(?:ші|штучний інтелект|мовна модель)(?!\w)",
    ),
    "ro": Phrases(
        sorry=r"îmi pare (?:foarte )?rău|îmi cer scuze|scuze|scuz[aă]|iertare",
        alas=r"din păcate|din nefericire|regret",
        # `nu pot` alone is also `they cannot`.
        cannot=r"\bnu (?:vă|te|îți|vi|ți) (?:pot|voi putea)\b|\bnu-ți pot\b|\b(?:(?:dar|eu|păcate) |(?<![^\W\d_] ))nu (?:pot|voi putea)\b"
        r"|\bnu sunt (?:în măsură|capabil|autorizat)|\bnu îmi este (?:permis|posibil)|\btrebuie să refuz|\brefuz să",
        nobody=r"\bnu putem\b|\bnu este posibil",
        task=r"recomand|sfătui|explica|descri|prezi|coment|confirm|verific|accesa|ajut|asist|răspund|oferi|furniz|\bcre[ae]|scri[eu]|gener|continu|îndeplin|da curs|cerer|solicit|traduc|particip|discut",
        role=r"\b(?:ca|fiind|în calitate de) (?:un |o )?(?:ia\b|ai\b|inteligență artificială|model (?:de limbaj|lingvistic)|asistent virtual)",
        machine=r"\bsunt (?:doar |numai )?(?:un |o )(?:ia\b|ai\b|inteligență artificială|model (?:de limbaj|lingvistic)|asistent virtual)",
    ),
    "sv": Phrases(
        sorry=r"(?:jag är )?(?:väldigt |verkligen |mycket )?ledsen|förlåt|ursäkta|jag beklagar|jag ber om ursäkt",
        alas=r"tyvärr|dessvärre",
        cannot=r"\b(?:jag kan|kan jag|jag får|jag kommer)\b[^.!?\n]{0,30}?\b(?:inte|ingen|inga|inget)\b"
        r"|\bjag är (?:tyvärr )?inte (?:kapabel|behörig|i stånd|programmerad)|\bjag (?:vägrar|måste (?:avböja|avstå|neka))",
        nobody=r"\bvi kan\b[^.!?\n]{0,30}?\b(?:inte|ingen|inga|inget)\b",
        task=r"rekommender|råda|råd\b|förklara|beskriv|förutsäg|kommenter|spekuler|bekräfta|komma åt|hjälp|assister|svara|tillhandahåll|uppfyll|skapa|skriv|gener|\bge\b|fortsätt|erbjud|dela\b|begäran|förfrågan|översätt|utföra"
        r"|diskutera|avböja|neka",
        role=r"\bsom (?:en |ett )?(?:ai\b(?!-?(?:forsk|utveckl|expert))|ai-|artificiell intelligens|(?:stor )?språkmodell|virtuell assistent)",
        machine=r"\bjag är (?:bara |endast |enbart )?(?:en |ett )?(?:ai\b|ai-|artificiell intelligens|(?:stor )?språkmodell)",
    ),
}
PHRASES["ms"] = PHRASES["jv"] = PHRASES["su"] = PHRASES["id"]
