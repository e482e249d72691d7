#include "engine/kernels/kernels.h"
static bool usable(void){return false;}
const struct kernels kernels_avx2 = {.name="avx2",.usable=usable};
