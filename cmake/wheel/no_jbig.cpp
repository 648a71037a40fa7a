// Takes libjbig's place in the wheel. A distribution's libtiff is linked with libjbig, whose licence (GPL) is not the
// wheel's. With this, a TIFF whose pixels are compressed as JBIG ends in libtiff's own error; all others are read.
extern "C" {
void jbg_dec_init(void*) {}
void jbg_dec_free(void*) {}
int jbg_newlen(unsigned char*, unsigned long) { return 1; }
int jbg_dec_in(void*, unsigned char*, unsigned long, unsigned long*) { return 1; }  // anything but JBG_EOK, which is 0
unsigned char* jbg_dec_getimage(const void*, int) { return nullptr; }
unsigned long jbg_dec_getsize(const void*) { return 0; }
const char* jbg_strerror(int) { return "this build reads no JBIG"; }
void jbg_enc_init(void*, unsigned long, unsigned long, int, unsigned char**, void (*)(unsigned char*, unsigned long, void*), void*) {}
void jbg_enc_out(void*) {}
void jbg_enc_free(void*) {}
}
