/* tests/unit/test_language.c - languages of one script, told apart when asked.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/rules/language_detect.h"
#include "tests/unit/judging.h"

/* clang-format off */
static const struct {
    const char *language, *script, *text;
} texts[] = {
    {"en", "Latin", "First we add the two numbers and then we divide the sum by three. The remainder must be smaller than the divisor, so the only possible answer is four."},
    {"de", "Latin", "Zuerst addieren wir die beiden Zahlen und teilen dann die Summe durch drei. Der Rest muss kleiner als der Teiler sein, also ist vier die einzige mögliche Antwort."},
    {"fr", "Latin", "D'abord nous ajoutons les deux nombres, puis nous divisons la somme par trois. Le reste doit être plus petit que le diviseur, donc la seule réponse possible est quatre."},
    {"es", "Latin", "Primero sumamos los dos números y después dividimos la suma entre tres. El resto debe ser menor que el divisor, así que la única respuesta posible es cuatro."},
    {"pt", "Latin", "Primeiro somamos os dois números e depois dividimos a soma por três. O resto deve ser menor do que o divisor, então a única resposta possível não é outra senão quatro."},
    {"it", "Latin", "Prima sommiamo i due numeri e poi dividiamo la somma per tre. Il resto deve essere più piccolo del divisore, quindi l'unica risposta possibile è quattro."},
    {"nl", "Latin", "Eerst tellen we de twee getallen op en daarna delen we de som door drie. De rest moet kleiner zijn dan de deler, dus het enige mogelijke antwoord is vier."},
    {"pl", "Latin", "Najpierw dodajemy obie liczby, a potem dzielimy sumę przez trzy. Reszta musi być mniejsza od dzielnika, więc jedyną możliwą odpowiedzią jest cztery."},
    {"vi", "Latin", "Trước hết chúng ta cộng hai số rồi chia tổng cho ba. Số dư phải nhỏ hơn số chia, vì vậy đáp án duy nhất có thể là bốn."},
    {"tr", "Latin", "Önce iki sayıyı topluyoruz, sonra toplamı üçe bölüyoruz. Kalan bölenden küçük olmalıdır, bu yüzden mümkün olan tek cevap dörttür."},
    {"id", "Latin", "Pertama kita menjumlahkan kedua bilangan itu lalu membagi jumlahnya dengan tiga. Sisanya harus lebih kecil daripada pembaginya, sehingga satu-satunya jawaban yang mungkin adalah empat."},
    {"ru", "Cyrillic", "Сначала мы складываем два числа, а затем делим сумму на три. Остаток должен быть меньше делителя, поэтому единственный возможный ответ равен четырём."},
    {"uk", "Cyrillic", "Спочатку ми додаємо два числа, а потім ділимо суму на три. Остача має бути меншою за дільник, тому єдина можлива відповідь дорівнює чотирьом."},
    {"bg", "Cyrillic", "Първо събираме двете числа и след това делим сбора на три. Остатъкът трябва да е по-малък от делителя, така че единственият възможен отговор е четири. Ще го проверим още веднъж, защото не искаме да сме сгрешили."},
    {"ar", "Arabic", "أولا نجمع العددين ثم نقسم المجموع على ثلاثة. يجب أن يكون الباقي أصغر من القاسم، لذلك فإن الجواب الوحيد الممكن هو أربعة."},
    {"fa", "Arabic", "ابتدا دو عدد را با هم جمع می‌کنیم و سپس مجموع را بر سه تقسیم می‌کنیم. باقی‌مانده باید از مقسوم‌علیه کوچک‌تر باشد، پس تنها پاسخ ممکن چهار است."},
};
/* clang-format on */

enum { N = sizeof(texts) / sizeof(texts[0]) };

static double share(const char *text, const char *language, bool apart)
{
    struct buffer body;
    buffer_init(&body, 1 << 20);
    buffer_add_str(&body, "{\"completion\":");
    json_print_text(span_str(text), &body);
    buffer_addf(&body,
                ",\"rewards\":[{\"name\":\"language\",\"language\":\"%s\",\"tell_apart\":%s}]}",
                language, apart ? "true" : "false");
    struct error err = {0};
    cJSON *json = json_parse(buffer_span(&body), &err);
    buffer_clear(&body);
    char *reply = ask_and_wait(json);
    const char *found = strstr(reply, "\"reward\":");
    assert_non_null(found);
    double value = strtod(found + strlen("\"reward\":"), NULL);
    free(reply);
    return value;
}

static void skip_without_profiles(void)
{
    struct error err = {0};
    if (!language_detect_is_there(&err)) skip();
    assert_true(language_detect_open(LANGUAGES_FEW));
}

static void languages_are_told_apart(void **state)
{
    (void)state;
    skip_without_profiles();
    int wrong = 0;
    for (size_t i = 0; i < N; i++) {
        for (size_t k = 0; k < N; k++) {
            bool same = i == k, shared = strcmp(texts[i].script, texts[k].script) == 0;
            double scripts = share(texts[i].text, texts[k].language, false);
            double value = share(texts[i].text, texts[k].language, true);
            bool good = scripts == (shared ? 1 : 0) && value == (same ? 1 : 0);
            if (!good) {
                print_message("%s as %s: %g, told apart %g\n", texts[i].language, texts[k].language,
                              scripts, value);
                wrong++;
            }
        }
    }
    assert_int_equal(wrong, 0);
}

static void passages_count_by_themselves(void **state)
{
    (void)state;
    skip_without_profiles();
    struct buffer both;
    buffer_init(&both, 10000);
    buffer_addf(&both, "%s\n%s\n", texts[0].text, texts[1].text);
    double english = share(both.p, "en", true), german = share(both.p, "de", true);
    assert_true(english > 0.3 && english < 0.8 && german > 0.3 && german < 0.8);
    assert_true(share(both.p, "fr", true) < 0.01);
    buffer_clear(&both);
    /* too short to tell: nothing is held against it */
    assert_true(share("Guten Tag", "en", true) > 0.99);
}

static int open_judge(void **state)
{
    (void)state;
    return judging_open_with("[{\"name\":\"code\"}]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(languages_are_told_apart),
        cmocka_unit_test(passages_count_by_themselves),
    };
    return cmocka_run_group_tests(tests, open_judge, close_judge);
}
