// Lets one binary serve every x86-64.
#pragma once

// A function with ZIMAGE_CLONES is compiled several times, and the loader picks the widest version that the processor
// supports. gcc knows these names since version 12. What such a function calls is compiled along only if it is inlined.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && __GNUC__ >= 12
#define ZIMAGE_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define ZIMAGE_CLONES
#endif
#if defined(__GNUC__)
#define ZIMAGE_INLINE __attribute__((always_inline)) inline
#else
#define ZIMAGE_INLINE inline
#endif
