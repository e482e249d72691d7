#include "engine/kernels/kernels.h"
static bool usable(void){return false;}
const struct kernels kernels_avxvnni = {.name="avxvnni",.usable=usable};
