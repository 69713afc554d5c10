"""How an assistant names its limits in each language, as regular expressions.

Here: that it must decline, what it has not got (access, opinions of its own), what its rules forbid, what is beyond it
and what it would rather not do. Not here: `I cannot help` and `as an AI` (refusal_phrases.py), and how all of it is weighed (refusal.py).

Written for this project, in the spelling that refusal_phrases.py explains. People have limits too, so a phrase names
what an assistant lacks (`access to the internet`), never `I have no …` alone.
"""

_LIMITS = {
    "en": (
        r"i(?:\'ll| will)? (?:must|have to|need to|would have to|am going to have to)(?: \w+)? (?:decline|refuse)|i (?:respectfully |politely )?(?:decline|refuse) (?:to|this|that|your request)",
        r"i (?:currently |also )?(?:do not|don't) (?:actually |currently |really |personally )?(?:have|possess|hold)"
        r" (?:(?:any|the|a|direct|live|actual|subjective) )*(?:access to (?:the|your|any|real|live|current|external|personal|private)\b"
        r"|(?:real-time|up-to-date|live) (?:data|information|access)|internet access|(?:ability|capability|capacity) to"
        r"|(?:personal|political) (?:\w+ (?:or|and) )?(?:opinion|feeling|experience|preference|belief|view|emotion|taste|stance|favou?rite)"
        r"|(?:opinions?|feelings?|emotions?|preferences|beliefs|consciousness|experiences)\b(?! for| toward))",
        r"i have no (?:personal |real |own )?(?:access to (?:the|your|any|real|live|current)\b|ability to|opinions?\b|feelings?\b(?! for)|emotions|real-time|preferences)",
        r"(?:against|outside|contrary to|conflicts? with|violat\w+) (?:my|our) (?:\w+ )?(?:guideline|polic|principle|rules|programming|values|safety)",
        r"my (?:\w+ )?(?:guidelines|programming|polic\w+|rules|principles) (?:do not|don't|prevent|forbid|prohibit|stop)",
        r"(?:beyond|outside|exceeds) (?:of )?(?:my (?:\w+ )?(?:capab|abilit|scope|powers?\b|expertise|limits)|what i (?:can|am able))",
        r"not something (?:that )?i(?:'m| am| can| could| will|'ll)\b",
        r"i(?:'d| would)? (?:rather not|prefer not to) (?:write|help|make|create|give|answer|discuss|say|share|explain|describe|take|generate)",
        r"(?:inappropriate|unethical|irresponsible|not (?:appropriate|ethical|right|possible)) (?:for|of) me to\b",
    ),
    "de": (
        r"muss ich (?:\w+ ){0,3}?(?:ablehnen|zurückweisen)|ich (?:muss|möchte) [^.!?\n]{0,40}?(?:ablehnen|zurückweisen)|(?:anfrage|bitte|das|dies) lehne ich (?:\w+ )?ab|ich bitte um verständnis, dass ich",
        r"(?:ich (?:habe|besitze|verfüge)|(?:habe|besitze|verfüge) ich)(?: leider| selbst| derzeit| auch| momentan)* (?:über )?(?:keine?[nr]?|weder|nicht die)"
        r" (?:direkte[nr]? |aktuelle[nr]? )?(?:zugriff|zugang zu[mr]? (?:internet|echtzeit|aktuell|extern|ihr|dein|persönlich)|internetzugang|persönliche[ns]? (?:meinung|ansicht|vorlieb|gefühl|erfahrung|präferenz)"
        r"|eigene[ns]? (?:meinung|gefühl|ansicht|vorlieb|bewusstsein)|echtzeit|meinungen|gefühle|emotionen|fähigkeit,)",
        r"(?:gegen|widerspr\w+|mit) meine[nr]? (?:\w+ )?(?:richtlinien|nutzungsrichtlinien|grundsätze|programmierung|leitlinien|vorgaben)",
        r"meine (?:\w+ )?(?:richtlinien|programmierung|vorgaben) (?:erlaub|verbiet|verhinder|lass|gestatt)",
        r"(?:übersteigt|außerhalb|jenseits) (?:meine[rn]?|dessen,? was ich) (?:\w+ )?(?:möglichkeit|fähigkeit|kompetenz|befugnis|kann|leisten)",
        r"ich (?:möchte|will|werde) (?:\w+ )?(?:keine?n? |nicht )[^.!?\n]{0,60}?(?:schreiben|erklären|verfassen|beantworten|helfen|erzählen)",
        r"nichts,? (?:wobei|womit|bei dem|was) ich\b",
    ),
    "es": (
        r"(?:debo|tengo que|voy a tener que) (?:\w+ )?(?:rechazar|declinar|negarme)|me veo obligad[oa] a (?:rechazar|declinar)",
        r"(?:(?:no|tampoco) (?:tengo|cuento con|poseo|dispongo de)|carezco de) (?:un |una |el )?(?:acceso (?:a|en|directo)|(?:la )?capacidad (?:de|para)|informaci[oó]n (?:en tiempo real|actualizada)"
        r"|(?:opini[oó]n|opiniones|sentimientos|emociones|preferencias|creencias|experiencias)\b(?! por| hacia))",
        r"(?:contra de|contra|viola\w*|infring\w+|contrari\w+ a|incumpl\w+) mis (?:\w+ )?(?:normas|principios|directrices|pol[ií]ticas|reglas|pautas|valores)",
        r"mis (?:normas|directrices|pol[ií]ticas|reglas|pautas|principios)(?: no| me)+ (?:permiten|impiden|proh[ií]ben)",
        r"(?:fuera|m[áa]s all[áa]) de (?:mi (?:alcance|capacidad|competencia)|mis (?:capacidades|posibilidades|l[ií]mites|funciones)|lo que puedo)|excede mis",
        r"no es (?:algo|un tema|una tarea)(?: en lo| en la| con lo| a lo)? que (?:yo )?(?:pueda|puedo)",
        r"(?:prefiero|preferir[ií]a) no (?:escribir|hacer|crear|dar|responder|ayudar|opinar|hablar|explicar|generar|contar)",
        r"no (?:le |te |les )?voy a (?:explicar|ayudar|escribir|dar|proporcionar|describir|responder|generar|crear|facilitar)",
    ),
    "cs": (
        r"musím (?:\w+ ){0,2}?odmítnout|(?:žádost|požadavek|to) (?:\w+ )?odmítám|jsem nucen\w? odmítnout",
        r"nemám (?:bohužel |žádné |vlastní |osobní |přímý )*(?:přístup k (?:internetu|aktuál|vaš|tvým|osobním|soukrom|datům)|přístup na internet|(?:vlastní|osobní) (?:\w+ )?(?:názor|pocit|zkušenost|preferenc|přesvědčení)"
        r"|názory|pocity|emoce|schopnost |aktuální (?:údaje|informace|data))",
        r"(?:v rozporu s|proti|porušuje|porušovalo|odporuje|odporovalo) (?:mými?|mým|moje|moji|moje) (?:\w+ )?(?:pravid|zásad|pokyn|směrnic)",
        r"(?:moje|mé) (?:pravidla|pokyny|zásady|směrnice) (?:mi )?(?:nedovol|neumožň|zakaz)",
        r"(?:mimo (?:mé|moje)|nad (?:mé|moje)|přesahuje (?:mé|moje)) (?:možnosti|schopnosti|síly)",
        r"(?:není|nejde o) (?:něco|nic),? (?:s čím|v čem|co) (?:bych|mohu|můžu|dokážu|umím)",
        r"raději (?:bych )?(?:ne(?:psal|napsal|odpov|děl|vytv|pom|vysv|kom|napíš|budu))|nebudu (?:\w+ ){0,2}(?:vysvětlovat|popisovat|psát|radit|pomáhat)",
    ),
    "id": (
        r"saya (?:harus|terpaksa|perlu) (?:\w+ )?(?:menolak|tidak melayani)",
        r"(?:saya|aku)(?: juga| saat ini)? (?:tidak|tak|belum) (?:memiliki|mempunyai|punya) (?:(?:akses|kemampuan) (?:ke|untuk|langsung|internet|terhadap)|(?:pendapat|perasaan|opini|emosi|preferensi|keyakinan)\b(?! untuk| kepada)"
        r"|(?:informasi|data) (?:waktu nyata|real-time|terkini)|(?:pengalaman|pandangan) pribadi)",
        r"(?:bertentangan dengan|melanggar|tidak sesuai dengan) (?:\w+ )?(?:pedoman|kebijakan|prinsip|aturan|panduan|ketentuan) (?:saya|kami|penggunaan)",
        r"(?:di luar|melampaui|melebihi) (?:batas )?(?:kemampuan|kapasitas|wewenang|jangkauan|kewenangan) (?:saya|kami)",
        r"bukan (?:sesuatu|hal|tugas) yang (?:bisa|dapat|boleh|mampu) (?:saya|kami)",
        r"saya (?:lebih baik|lebih memilih(?: untuk)?|memilih(?: untuk)?|tidak akan|tidak ingin) (?:tidak )?(?:menulis|membantu|menjelaskan|membuat|memberi|menjawab|membahas|menguraikan|menggambarkan)",
    ),
    "tl": (
        r"(?:kailangan|dapat) (?:kong|ko pong|ko) (?:pong )?(?:tanggihan|tumanggi)|tinatanggihan ko|kailangan ko pong tanggihan",
        r"wala (?:po )?akong (?:\w+ na )?(?:access|akses|kakayahan|personal|pansariling|sariling (?:opinyon|damdamin|pananaw|karanasan)|opinyon|damdamin|emosyon|impormasyong? real)",
        r"(?:labag|salungat|taliwas)(?: po| iyan| ito)? sa (?:aking|mga|akin)(?: mga)? (?:alituntunin|patakaran|prinsipyo|tuntunin)(?: ko)?",
        r"(?:lampas|labas|higit)(?: na)?(?: po)?(?: iyan| ito)? sa (?:aking |saklaw ng )?(?:aking )?(?:kakayahan|kaya|saklaw)(?: ko)?",
        r"hindi (?:po )?(?:iyan|ito|iyon) (?:isang )?(?:bagay|gawain) na (?:kaya|maaari|puwede|pwede|magagawa|matutul)",
        r"mas (?:mabuti|gusto|nais|pipiliin)\w* (?:kong |ko )?(?:huwag|hindi) (?:ako(?:ng)? )?(?:sum|mag|um|tum|isu|gum|ib)",
        r"hindi ko (?:po )?(?:ipapaliwanag|ituturo|isusulat|ibibigay|sasabihin|ilalarawan|gagawin iyan)",
        r"hindi (?:po )?ako (?:magsusulat|magbibigay|tutulong|makapag\w*rekomenda|makapag\w*payo|makapag\w*bigay|makapagpapaliwanag|magpapaliwanag)",
    ),
    "ja": (
        r"(?:アクセス|接続|閲覧)(?:権限?が?)?(?:できない|できません|する(?:こと|手段|権限)[^。！？\n]{0,8}?(?:できません|ありません|ない))(?:ため|ので|。|、|\Z)",
        r"(?:私|わたし)に?は[^。！？\n]{0,30}?(?:意見|感情|好み|見解|信念|経験|身体)[^。！？\n]{0,12}?(?:ありません|持って(?:い)?ません|持ちません|ございません)",
        r"(?:個人的な|自分の)(?:意見|感情|好み|見解|体験)[^。！？\n]{0,10}?(?:ありません|持って(?:い)?ません|持ちません)",
        r"(?:ガイドライン|利用規約|(?:私|当方)の(?:ポリシー|方針|規約|原則))(?:に(?:反|違反|抵触)|で(?:禁|認め))",
        r"私の?(?:力の及ぶ|能力(?:を超|の範囲)|できる範囲を)|(?:能力|対応範囲)を超え",
        r"(?:お役に立て|お力になれ|お手伝いでき)(?:ること|る(?:もの|内容))ではありません|お役に立て(?:ません|そうに(?:ありません|ない))",
        r"(?:遠慮|辞退)(?:させて|いたし|し(?:ます|ておき))|お断りし",
        r"お(?:教え|伝え|書き|すすめ|勧め|見せ|渡し)(?:する|いたす)?(?:こと)?[はが]?(?:でき(?:ません|かねます|ない)|いたしかねます|致しかねます)",
    ),
    "ar": (
        r"(?:يجب|علي|لا بد|مضطر|مضطرة)(?: علي)?(?: من| الي)? ?(?:ان )?(?:ارفض|اعتذر|رفض|الرفض|الاعتذار عن)",
        r"(?:ليس|ليست|لا يوجد) (?:لدي|عندي) (?:اي )?(?:وصول|امكانية|قدرة|القدرة|اراء|اري|راي|مشاعر|تفضيلات|معلومات (?:انية|حديثة|محدثة)|تجارب|عواطف)",
        r"لا املك (?:اي )?(?:وصول|امكانية|القدرة|اراء|مشاعر|صلاحية|رايا|تفضيلات)",
        r"(?:تخالف|يخالف|تتعارض مع|يتعارض مع|ينتهك|تنتهك|مخالف ل|ضد) ?(?:ال)?(?:مبادئي|مبادئ|ارشادات|سياسات|سياستي|قواعدي|ارشاداتي|قواعد|توجيهات)(?:ي)?(?: التي (?:التزم|اتبع)| الخاصة بي|\b)",
        r"(?:تتجاوز|يتجاوز|خارج عن|خارج|يفوق|تفوق) (?:حدود )?(?:نطاق )?(?:قدرتي|قدراتي|امكانياتي|امكاناتي|صلاحياتي|استطاعتي)",
        r"ليس (?:هذا )?(?:شيئا|امرا) (?:يمكنني|استطيع|بامكاني|اقدر)",
        r"(?:افضل|اوثر) (?:الا|عدم|ان لا) (?:اكتب|كتابة|اجيب|الاجابة|اقدم|تقديم|اتحدث|الحديث|اساعد)",
        r"لن (?:اشرح|اكتب|اساعد|اقدم|اصف|اعطي|اجيب|اوضح)",
        r"(?:لا يمكنني|لا استطيع|لا اقدر)(?: ان)? ?(?:اوصي|التوصية|اقترح|ترشيح|ارشح|التنبو|الوصول|اصل|التعليق|تشخيص|وصف|شرح|اشرح)",
    ),
    "fr": (
        r"je (?:dois|me vois contrainte? de|suis contrainte? de|suis obligée? de|suis dans l\'obligation de) (?:\w+ )?(?:refuser|décliner)",
        r"je (?:n'ai|ne (?:possède|dispose)) (?:malheureusement |actuellement )?(?:pas|aucune?|ni|d'aucune?) (?:d'|de |la |l')?(?:accès (?:à|aux|direct)|(?:capacité|possibilité) (?:de|d')|(?:opinion|avis|sentiment|émotion|préférence|croyance)s?\b(?! pour)"
        r"|(?:informations?|données) en temps réel|expériences? personnel)",
        r"(?:à l'encontre de|contraire à|contre|enfrein\w+|viol\w+|contrevien\w+ à|contrevenir à) mes (?:\w+ )?(?:règles|principes|directives|consignes|lignes|valeurs)",
        r"mes (?:règles|principes|directives|consignes)(?: ne)?(?: me| m')? ?(?:permettent|interdisent|empêchent|autorisent)",
        r"(?:dépass\w+|excèd\w+) (?:mes (?:capacités|compétences|limites)|ce que je)|(?:hors de|au-delà de|en dehors de) (?:ma (?:portée|compétence)|mes (?:capacités|compétences|possibilités)|ce que je peux)",
        r"pas (?:une chose|quelque chose|un sujet|une tâche)[^.!?\n]{0,25}?je (?:peux|puisse|sois|suis)",
        r"je préf[èé]re(?:rais)? ne pas (?:écrire|répondre|aider|donner|créer|rédiger|faire|parler|expliquer|raconter)",
        r"je (?:n'|ne (?:vous |te |l')?)(?:expliquer|écrir|aider|fournir|donner|décrir|rédiger|répondr)ai (?:pas|rien)",
    ),
    "it": (
        r"(?:devo|sono costrett[oa] a|mi vedo costrett[oa] a) (?:\w+ )?(?:rifiutar|declinar)",
        r"non (?:ho|possiedo|dispongo di)(?: attualmente| purtroppo)? (?:un |l'|la |alcun\w* )?(?:accesso (?:a|diretto)|(?:capacità|possibilità) di|(?:opinion[ei]|sentimenti|emozioni|preferenze)\b(?! per)|(?:informazioni|dati) in tempo reale|esperienze personali)",
        r"(?:contrari\w+ alle?|contro le|contro i|viola\w*|viol\w+) (?:mie|miei) (?:\w+ )?(?:linee|regole|princ[iì]pi|direttive|norme|politiche)|contrari\w+ ai miei princ|contro i miei princ",
        r"le mie (?:linee guida|regole|direttive)(?: non)? (?:me lo |mi )?(?:consent|permett|viet|imped)",
        r"(?:oltre|fuori dalle|al di là delle|supera\w*|al di fuori delle) (?:le )?(?:mie (?:possibilità|capacità|competenze)|quello che posso)|fuori dalla mia portata",
        r"non è (?:una cosa|qualcosa|un compito|un argomento)[^.!?\n]{0,12}?(?:posso|possa|sono in grado)",
        r"(?:preferisco|preferirei) non (?:scrivere|rispondere|aiutare|dare|creare|fare|parlare|spiegare|raccontare)",
        r"non (?:ti |le |vi |lo )?(?:spiegherò|scriverò|aiuterò|fornirò|darò|descriverò|risponderò)",
    ),
    "pt": (
        r"(?:devo|tenho (?:de|que)|preciso|sou obrigad[oa] a) (?:\w+ )?(?:recusar|declinar|rejeitar)",
        r"(?:não (?:tenho|possuo|disponho de)|careço de) (?:um |uma |o )?(?:acesso (?:a|à|ao|direto|em)|(?:a )?capacidade (?:de|para)|(?:opini(?:ão|ões)|sentimentos|emoções|preferências|crenças)\b(?! por)|(?:informações|dados) em tempo real|experiências? pessoa)",
        r"(?:contra|viola\w*|contraria\w*|infring\w+) (?:as |os )?(?:minhas|meus) (?:\w+ )?(?:diretrizes|regras|princ[ií]pios|normas|políticas|orientações|valores)",
        r"(?:as )?minhas (?:diretrizes|regras|políticas|orientações)(?: não)?(?: me)? (?:permitem|impedem|proíbem)",
        r"(?:fora|além) (?:do|da|das|de) (?:meu alcance|minhas? (?:capacidades?|possibilidades|compet\w+)|que (?:eu )?posso)|ultrapassa (?:as )?minhas",
        r"não é (?:algo|uma coisa|um assunto|uma tarefa)(?: em| com| no)? (?:o |a )?que (?:eu )?(?:possa|posso|consig)",
        r"(?:prefiro|preferia|preferiria) não (?:escrever|responder|ajudar|dar|criar|fazer|falar|explicar|contar|gerar)",
        r"não (?:lhe |te )?vou (?:explicar|ajudar|escrever|dar|fornecer|descrever|responder)",
    ),
    "nl": (
        r"ik moet (?:\w+ ){0,4}?(?:afwijzen|weigeren)|moet ik (?:\w+ ){0,3}?(?:afwijzen|weigeren)",
        r"(?:ik (?:heb|beschik|bezit)|(?:heb|beschik) ik)(?: helaas| zelf| momenteel)? (?:over )?(?:geen|niet de) (?:directe |actuele )?(?:toegang tot (?:het |internet|actuele|uw|je|persoonlijke|realtime|live|externe)|internettoegang|persoonlijke (?:mening|gevoel|voorkeur|ervaring|opvatting)|eigen (?:mening|gevoel)"
        r"|meningen|gevoelens|emoties|mogelijkheid om|vermogen om|realtime)",
        r"(?:tegen|strijd met|niet binnen) mijn (?:\w+ )?(?:richtlijnen|regels|principes|beleid|programmering)",
        r"mijn (?:richtlijnen|regels|programmering)(?: mij)?(?: niet)? (?:staan|verbied|toe|laten|laat)",
        r"(?:buiten|boven) (?:mijn (?:mogelijkheden|vermogen|kunnen|bereik|bevoegdheid)|wat ik kan)|gaat mijn (?:mogelijkheden|vermogen)",
        r"niet iets (?:waarmee|waarbij|dat|wat|waar) ik\b",
        r"ik (?:schrijf|geef|maak|beantwoord|zeg|vertel) (?:\w+ )?liever (?:geen|niet)|ik ga (?:\w+ )?niet (?:uitleggen|helpen|schrijven|vertellen|beschrijven)",
    ),
    "pl": (
        r"(?:muszę|jestem zmuszon\w) (?:\w+ ){0,2}?(?:odmówić|odrzucić)",
        r"nie (?:mam|posiadam)(?: niestety| obecnie)? (?:bezpośredniego |aktualnego |żadnych )?(?:dostępu do (?:internetu|aktual|danych|twoich|pana|pani|bieżąc|informacji)|możliwości (?:\w+ć|dostęp|spraw)|(?:własn\w+|osobist\w+) (?:opini|zdan|uczu|pogląd|preferenc|doświadcz)"
        r"|opinii|uczuć|emocji)",
        r"(?:sprzeczn\w+ z|wbrew|narusza\w*|niezgodn\w+ z|łamie) (?:moimi|moim|moje) (?:\w+ )?(?:zasad|wytyczn|reguł|regulam|polityk)",
        r"moje (?:zasady|wytyczne|reguły)(?: mi)?(?: na to)?(?: nie)? (?:pozwal|zabrani|zezwal|zakaz)",
        r"(?:wykracza\w* poza|poza|przekracza\w*) (?:moimi|moje) (?:możliwości|kompetenc|uprawn|zdoln)",
        r"nie jest (?:to )?(?:coś|sprawa|zadanie),? (?:w czym|w której|z czym|co) (?:mógł|mogł|mogę|potraf)",
        r"(?:wolałbym|wolałabym|wolę) nie (?:pisać|napisać|odpowiadać|pomagać|tworzyć|mówić|wyjaśniać)",
        r"nie (?:wyjaśnię|napiszę|pomogę|opiszę|podam|odpowiem|wytłumaczę|będę (?:wyjaśnia|pisa|opisywa|tłumaczy))",
    ),
    "ru": (
        r"(?:я )?(?:вынужден\w*|должен|должна|придётся|придется) (?:\w+ )?(?:отказать|отказаться|отклонить)",
        r"(?:у меня нет|(?:я )?не имею|(?:я )?не обладаю) (?:прямого |никаких |собственн\w+ )?(?:доступ\w* (?:к|в) (?:интернет|сет|актуал|ваш|данн|реальн|личн|информац)|(?:личн|собственн)\w+ (?:мнени|чувств|взгляд|предпочт|убежд|опыт|эмоц)"
        r"|мнения|мнений|чувств\b|эмоций|возможности (?:просм|получ|узна|откр|провер)|сведений в реальном)",
        r"(?:противоречи\w+|против|нарушает|нарушало бы|нарушит) (?:моим|моих|мои) (?:\w+ )?(?:правил|принцип|инструкц|установк|рекоменд)",
        r"мои (?:правила|инструкции|принципы)(?: мне)?(?: этого)?(?: не)? (?:позвол|запрещ|разреш)",
        r"(?:за (?:рамки|пределы|рамками|пределами)|превышает|вне) (?:моих|мои|моей) (?:возможност|компетенц|способност|полномоч)",
        r"не то,? (?:с чем|в чём|в чем|чем|что) я\b",
        r"(?:предпочёл|предпочел|предпочла|предпочитаю)(?: бы)? не (?:писа|отвеч|помог|созда|говор|объясн|обсужд)|не (?:буду|стану) (?:\w+ )?(?:объясн|писа|помог|описыва|рассказ|отвеч|созда)",
    ),
    "ko": (
        r"(?:인터넷|실시간|외부|최신|파일|개인 ?정보)[^.!?\n]{0,20}?(?:접속|접근|확인|조회|검색|열람)[^.!?\n]{0,8}?(?:수 없|못하|불가능|권한이 없)",
        r"(?:개인적인|개인적|제 ?자신의|스스로의) ?(?:의견|감정|견해|선호|경험|취향)[^.!?\n]{0,12}?(?:없습니다|없어요|않습니다|가지고 있지)",
        r"(?:(?:제|저의|저희|운영|사용|콘텐츠|안전) ?(?:지침|가이드라인|정책|원칙|규정)|가이드라인)(?:에|과|을|를) ?(?:어긋|위배|위반|맞지 않|반하|반합)",
        r"(?:제|저의) ?(?:능력|권한|역량|범위)(?:을|를|의|에서)? ?(?:벗어|넘어|밖|범위를)",
        r"(?:제가|저는) ?(?:도울|도와드릴|할|답할|해 ?드릴) 수 있는 (?:일|것|부분|내용|문제)이? ?아닙",
        r"(?:설명|작성|제공|답변|공유|추천|도움을|돕|쓰|알려|알려 ?드리|말씀드리)(?:하|을|드리|을 ?드리)?지 ?않(?:겠습니다|을 것입니다)",
        r"(?:추천|설명|안내|알려|예측|진단|확인|공개|공유|작성)(?:해|하여)? ?드릴 수(?:는|가)? 없",
    ),
    "zh": (
        r"(?:我|因此|所以|只能)(?:必须|必須|只能|不得不)(?:拒绝|拒絕|谢绝)",
        r"我(?:目前|暂时|也|本身|并)?(?:没有|沒有|不具备|不具備|无|無)(?:任何)?(?:联网|聯網|上网|实时|實時|访问|訪問|个人的?(?:看法|观点|感情|情感|偏好|意见|经历)|個人的?(?:看法|觀點|感情|情感|偏好|意見)|自己的(?:看法|观点|感情|情感|立场)|情感|感情|主观|主觀|浏览|瀏覽)",
        r"我(?:对|對)[^。！？\n]{0,20}?(?:没有|沒有)(?:任何)?(?:个人|個人|自己的|主观)",
        r"(?:违反|違反|不符合|有违|有違|违背|違背)(?:了)?我(?:们)?的?(?:\w{0,4})(?:准则|準則|原则|原則|规定|規定|政策|指南|规范|規範)",
        r"(?:超出|超過|超过)(?:了)?我的?(?:能力|权限|權限|职责|服务)",
        r"不是我(?:能|可以|能够)(?:帮|幫|做|回答|协助|处理|提供)",
        r"我(?:不想|不会|不會|不愿意?|不願意?|宁愿不|寧願不|选择不)(?:\w{0,6})(?:写|寫|说明|說明|回答|提供|解释|解釋|讲|描述|帮|幫|告诉|创作|生成)",
        r"我(?:不能|无法|無法|不便)(?:向|给|給|为|為|对|對)?(?:您|你)?(?:\w{0,2})(?:推荐|推薦|建议|建議|透露|预测|預測|评论|評論|诊断|診斷|访问|訪問|查看|说明|說明|解释|解釋)",
    ),
    "tr": (
        r"(?:isteğ|talep|taleb)\w* (?:reddetmek zorundayım|reddetmem gerek|geri çevirmek|reddediyorum)|reddetmek zorundayım",
        r"(?:internete|gerçek zamanlı|güncel|dosyalarınıza|kişisel verile\w+|verilerinize)[^.!?\n]{0,25}?(?:erişimim|erişemiyorum|erişme yeteneğim|erişim sağlayamıyorum)",
        r"kişisel (?:\w+ )?(?:görüş|düşünce|duygu|fikir|tercih|deneyim)\w*[^.!?\n]{0,30}?(?:yok\b|bulunmuyor|sahip değilim)",
        r"(?:ilkelerim|kurallarım|yönergelerim|politikalarım|politikam|kurallarımız|ilkelerimiz)\w* (?:aykırı|ters|uymuyor|izin vermiyor|uygun değil)",
        r"(?:yeteneklerim|kapasitem|sınırlarım|yetkim|imkanlarım|imkânlarım)\w*(?: ötesinde| dışında| aşıyor| aşar| aşmakta)",
        r"(?:yardımcı olabileceğim|yapabileceğim|cevaplayabileceğim|yanıtlayabileceğim) bir (?:konu|şey|soru) değil",
        r"(?:yazma|yanıtlama|cevaplama|açıklama|anlatma|paylaşma|konuşma)\w*mayı tercih ederim|(?:yazmamayı|yanıtlamamayı|cevaplamamayı|yorum yapmamayı|vermemeyi|anlatmamayı) (?:tercih ed|yeğler)",
        r"(?:açıkla|anlat|yaz|paylaş|yanıtla|öner|tahmin ed|önere|açıklaya|anlata|paylaşa|yorumlaya)(?:mayacağım|meyeceğim|mem\b|mam\b|yamam\b)",
    ),
    "vi": (
        r"(?:tôi|mình) (?:phải|buộc phải|đành|đành phải) từ chối",
        r"(?:tôi|mình) (?:hiện )?không (?:có|được) (?:quyền )?(?:truy cập|khả năng truy cập|(?:ý kiến|cảm xúc|quan điểm|sở thích|niềm tin|trải nghiệm)|thông tin (?:thời gian thực|cập nhật))",
        r"(?:trái với|vi phạm|đi ngược lại|không phù hợp với) (?:các )?(?:nguyên tắc|quy định|hướng dẫn|chính sách|quy tắc|tiêu chuẩn)(?: \w+){0,2}? (?:của (?:tôi|mình|chúng tôi)|sử dụng)",
        r"(?:nằm ngoài|vượt quá|ngoài) (?:phạm vi |giới hạn )?(?:khả năng|phạm vi|quyền hạn)(?: \w+)? của (?:tôi|mình)",
        r"không phải (?:là )?(?:việc|điều|thứ|chuyện)(?: mà)? (?:tôi|mình) (?:có thể|được phép)",
        r"(?:tôi|mình) (?:xin phép|sẽ|xin được|muốn|thà) không (?:viết|giải thích|trả lời|giúp|cung cấp|mô tả|tạo|bàn|nói)|(?:tôi|mình) xin (?:phép )?từ chối",
        r"(?:tôi|mình) không thể (?:giới thiệu|giải thích|đề xuất|khuyên|dự đoán|mô tả|truy cập|chẩn đoán|xác nhận|đưa ra)",
    ),
    "th": (
        r"(?:ฉัน|ผม|ดิฉัน)(?:จำเป็น)?(?:ต้อง|จึงต้อง|จึง)?(?:ขอ)?ปฏิเสธ(?:คำขอ|ที่จะ|การ)",
        r"(?:ฉัน|ผม|ดิฉัน)(?:ยัง)?ไม่(?:มี|สามารถ|ได้รับ)(?:สิทธิ์|สิทธิ)?(?:ใน)?(?:การ)?(?:เข้าถึง|เชื่อมต่อ|ความคิดเห็น|ความรู้สึก|อารมณ์|ความเห็น|ความชอบ|มุมมองส่วน|ประสบการณ์ส่วน|ข้อมูลล่าสุด|ข้อมูลเรียลไทม์)",
        r"(?:ขัดต่อ|ขัดกับ|ผิด|ละเมิด|ไม่เป็นไปตาม)(?:หลักการ|แนวทาง|นโยบาย|หลักเกณฑ์|ข้อกำหนด|กฎ)(?:[\u0e00-\u0e7f]{0,12}?)ของ(?:ฉัน|ผม|ดิฉัน|เรา)",
        r"(?:เกิน|นอกเหนือ|อยู่นอก)(?:กว่า|จาก)?(?:ขอบเขต)?(?:ความสามารถ|ขอบเขต|อำนาจ)(?:ที่)?(?:ของ)?(?:ฉัน|ผม|ดิฉัน)",
        r"ไม่ใช่(?:สิ่ง|เรื่อง|งาน)ที่(?:ฉัน|ผม|ดิฉัน)(?:จะ)?(?:สามารถ)?(?:ช่วย|ทำ|ตอบ)",
        r"(?:ฉัน|ผม|ดิฉัน)(?:จะ|ขอ|จึงขอ|จึงจะ)(?:ไม่|งด|หลีกเลี่ยงการ)(?:อธิบาย|เขียน|ตอบ|ช่วย|ให้|บอก|สร้าง|แสดง)",
        r"(?:ฉัน|ผม|ดิฉัน)ไม่(?:สามารถ|อาจ)(?:แนะนำ|อธิบาย|ทำนาย|คาดการณ์|บอก|วินิจฉัย|เปิดเผย|ยืนยัน)",
    ),
    "hi": (
        r"(?:अनुरोध|निवेदन|काम|इसे|मुझे)[^।.!?\n]{0,16}?(?:अस्वीकार|मना|इनकार|इंकार) कर(?:ना (?:होगा|पड़ेगा|पड़ रहा)|ता हूँ|ती हूँ)",
        r"मेरे पास [^।.!?\n]{0,30}?(?:पहुँच|पहुंच|एक्सेस|क्षमता|सुविधा|भावनाएँ|भावनाएं|राय|अनुमति)[^।.!?\n]{0,12}?नहीं",
        r"मेरी (?:कोई |अपनी )*(?:निजी|व्यक्तिगत|अपनी) (?:राय|पसंद|भावना)[^।.!?\n]{0,24}?नहीं|मुझमें [^।.!?\n]{0,16}?भावनाएँ? नहीं",
        r"(?:मेरे|मेरी) (?:\w+ )?(?:दिशानिर्देशों?|दिशा-निर्देशों|नीतियों|नीति|सिद्धांतों|नियमों) (?:के (?:खिलाफ|विरुद्ध|विपरीत)|का उल्लंघन|इसकी अनुमति नहीं)",
        r"मेरी (?:क्षमता|क्षमताओं|सीमा|सीमाओं|पहुँच) (?:से|के) (?:बाहर|परे)",
        r"नहीं है,? ?जिसमें मैं|नहीं है,? ?जो मैं [^।.!?\n]{0,12}?सक",
        r"मैं [^।.!?\n]{0,40}?नहीं (?:बताऊँगा|बताऊंगा|बताऊँगी|लिखूँगा|लिखूंगा|लिखूँगी|समझाऊँगा|समझाऊंगा|करूँगा|दूँगा|दूंगा|लिखना चाहूँगा|लिखना चाहूंगा|लिखना चाहूँगी|देना चाहूँगा|करना चाहूँगा)",
        r"मैं [^।.!?\n]{0,40}?(?:सिफारिश|सुझाव|सलाह|भविष्यवाणी|व्याख्या|पुष्टि|टिप्पणी) नहीं (?:कर|दे) सक(?:ता|ती)",
    ),
    "uk": (
        r"(?:я )?(?:змушен\w*|мушу|маю|повинен|повинна|доведеться) (?:\w+ )?(?:відмовити|відмовитися|відхилити)",
        r"(?:у мене немає|(?:я )?не маю|(?:я )?не володію) (?:прямого |жодних |власн\w+ )?(?:доступ\w* (?:до|в) (?:інтернет|мереж|актуал|ваш|дан|реальн|особист|інформац)|(?:особист|власн)\w+ (?:дум|почутт|погляд|уподоб|переконан|досвід|емоц)|почуттів|емоцій|думок\b|можливості (?:перегл|отрим|дізна|відкр|перевір))",
        r"(?:суперечи\w+|проти|порушує|порушувало б) (?:моїм|моїх|мої) (?:\w+ )?(?:правил|принцип|інструкц|настанов|рекоменд)",
        r"мої (?:правила|інструкції|принципи|настанови)(?: мені)?(?: цього)?(?: не)? (?:дозвол|заборон)",
        r"(?:за (?:межі|рамки|межами|рамками)|перевищує|поза) (?:моїх|мої|моїми|моєї) (?:можливост|компетенц|здібност|повноваж)",
        r"не те,? (?:з чим|у чому|в чому|чим|що) я\b",
        r"(?:волів|воліла|вважаю за краще|волію)(?: би?)? не (?:писа|відпов|допом|створ|говор|поясн)|не (?:буду|стану) (?:\w+ )?(?:поясн|писа|допом|опис|розпов|відпов|створ)|не (?:пояснюватиму|писатиму|описуватиму|допомагатиму|відповідатиму|розповідатиму)",
    ),
    "ro": (
        r"(?:trebuie să|sunt nevoit[ăa]? să|mă văd nevoit[ăa]? să) (?:\w+ )?(?:refuz|declin)",
        r"nu (?:am|dețin|dispun de) (?:un )?(?:acces (?:la|direct|în)|(?:capacitatea|posibilitatea) de|(?:opini[ei]|sentimente|emoții|preferințe|convingeri)\b(?! pentru)|(?:informații|date) în timp real|experiențe personale)",
        r"(?:contravin\w*|împotriva|încalcă|ar încălca|contrar) (?:regulilor|principiilor|regulile|principiile|ghidurilor|politicilor|politicile|instrucțiunilor) mele",
        r"(?:regulile|instrucțiunile|principiile) mele(?: nu)?(?: îmi)? (?:permit|interzic)",
        r"(?:depăș\w+|dincolo de|în afara) (?:posibilităț|capacităț|competenț|limit)\w* mele",
        r"nu (?:este|e) (?:un lucru|ceva|o sarcină) (?:cu care|în care|la care|pe care)(?: să)?(?: te| vă)? (?:pot|aș)",
        r"(?:prefer|aș prefera) să nu (?:scriu|răspund|ajut|dau|creez|vorbesc|explic|spun)",
        r"nu (?:vă |îți |o )?voi (?:explica|ajuta|scrie|oferi|descrie|răspunde|da)",
        r"nu (?:vă |îți |te |ți )?pot (?:recomanda|sfătui|explica|descrie|prezice|accesa|confirma|comenta)",
    ),
    "sv": (
        r"jag måste (?:\w+ ){0,2}?(?:neka|avböja|avslå|tacka nej)|måste jag (?:\w+ ){0,2}?(?:neka|avböja|avslå)",
        r"(?:jag|har jag)(?: har)?(?: tyvärr)?(?: själv)? (?:inte|ingen|inga)(?: har)? (?:direkt |någon |några )?(?:tillgång till (?:internet|aktuell|din|dina|er|realtid|person|extern)|internetåtkomst|möjlighet att (?:se|hämta|öppna|kontrollera|söka)|personliga? (?:\w+ (?:eller|och) )?(?:åsikt|känsl|erfarenhet|preferens)|egna? (?:åsikt|känsl)"
        r"|åsikter|känslor\b(?! för)|förmåga att)",
        r"(?:mot|strider mot|bryter mot) mina (?:\w+ )?(?:riktlinjer|regler|principer|instruktioner)",
        r"mina (?:riktlinjer|regler|instruktioner)(?: inte)? (?:tillåter|förbjuder|hindrar)",
        r"(?:utanför|bortom|utöver) (?:vad jag (?:kan|klarar)|mina (?:möjligheter|förmågor|befogenheter|gränser)|min (?:förmåga|kompetens))",
        r"(?:inget|inte något) (?:som )?jag (?:kan|får|har möjlighet)",
        r"jag (?:skriver|svarar|ger|berättar|avstår) helst (?:inte|inga)|jag (?:avstår helst|föredrar att inte|vill helst inte)|jag (?:tänker|kommer) inte (?:att )?(?:förklara|hjälpa|skriva|ge|beskriva|svara)",
    ),
}

LIMITS = {language: "|".join(patterns) for language, patterns in _LIMITS.items()}
"""One pattern per language."""
LIMITS["ms"] = LIMITS["jv"] = LIMITS["su"] = LIMITS["id"]
