"""The same two sentences in many languages, for tests that need correct text in each."""

TEXTS = {
    "ar": "يشرب كثير من الناس القهوة في الصباح قبل أن يذهبوا إلى عملهم. ويفضل بعضهم الشاي الأخضر لأنه أخف على المعدة.",
    "cs": "Mnoho lidí pije ráno kávu, než odejde do práce. Někteří dávají přednost zelenému čaji, protože je šetrnější.",
    "de": "Viele Menschen trinken morgens Kaffee, bevor sie zur Arbeit gehen. Manche ziehen grünen Tee vor, weil er milder ist.",
    "es": "Mucha gente toma café por la mañana antes de ir al trabajo. Algunos prefieren el té verde porque es más suave.",
    "id": "Banyak orang minum kopi di pagi hari sebelum berangkat kerja. Sebagian lebih suka teh hijau karena lebih ringan.",
    "ja": "多くの人は仕事に行く前に朝コーヒーを飲みます。胃にやさしいので緑茶のほうが好きだという人もいます。",
    "ko": "많은 사람들이 아침에 출근하기 전에 커피를 마십니다. 속이 편하다는 이유로 녹차를 더 좋아하는 사람도 있습니다.",
    "tl": "Maraming tao ang umiinom ng kape sa umaga bago pumasok sa trabaho. Mas gusto ng iba ang berdeng tsaa dahil mas magaan ito.",
    "th": "หลายคนดื่มกาแฟในตอนเช้าก่อนไปทำงาน บางคนชอบชาเขียวมากกว่าเพราะเบากว่าต่อกระเพาะอาหาร",
    "he": "אנשים רבים שותים קפה בבוקר לפני שהם הולכים לעבודה. יש המעדיפים תה ירוק כי הוא עדין יותר לקיבה.",
    "el": "Πολλοί άνθρωποι πίνουν καφέ το πρωί πριν πάνε στη δουλειά. Μερικοί προτιμούν το πράσινο τσάι γιατί είναι ελαφρύτερο.",
    "ru": "Многие люди пьют кофе утром перед работой. Некоторые предпочитают зелёный чай, потому что он мягче для желудка.",
    "zh": "很多人早上上班之前喝咖啡。有些人更喜欢绿茶，因为绿茶对胃比较温和，而且味道也清淡一些。",
    "en": "Many people drink coffee in the morning before they go to work. Some prefer green tea because it is milder.",
}
