#include "engine/kernels/kernels.h"
static bool usable(void){return false;}
const struct kernels kernels_avx512vnni = {.name="avx512vnni",.usable=usable};
