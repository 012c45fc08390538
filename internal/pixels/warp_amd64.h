#ifndef GOTUNE_WARP_H
#define GOTUNE_WARP_H

#include <stdint.h>

// Whether the processor has what gotune_warp is made of.
int gotune_warp_supported(void);

// Draws h lines of w pixels, 16 or more, of a picture of at least 2×2 whose edge
// repeats. plane is from channel to channel in dst; 1: they are interleaved. lines
// are the steps of x and y from pixel to pixel, then x and y of each line's first
// pixel, in 32.32 fixed point. The result is that of Go's warpLine, bit for bit.
void gotune_warp(uint8_t* dst, int64_t plane, int w, int h, const uint8_t* pix, int src_w, int src_h, const int64_t* lines);

#endif
