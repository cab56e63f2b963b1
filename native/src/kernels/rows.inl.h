// Kernels over rows of activations: bias and relu behind a matrix product, and their gradients; pooling; bytes to floats.
#pragma once

#include "simd.h"

namespace weft {
namespace WEFT_ISA {

static void biasActivation(float* y, const float* bias, bool activate, size_t rows, size_t columns) {
  for (size_t r = 0; r < rows; r++, y += columns) {
    size_t i = 0;
    for (; i + W <= columns; i += W) {
      vf v = load(y + i);
      if (bias) v += load(bias + i);
      store(y + i, activate ? relu(v) : v);
    }
    for (; i < columns; i++) {
      const float v = y[i] + (bias ? bias[i] : 0.0f);
      y[i] = activate && v < 0 ? 0.0f : v;
    }
  }
}

static void maskBias(float* dy, const float* y, float* db, size_t rows, size_t columns) {
  if (db) {
    for (size_t i = 0; i < columns; i++) db[i] = 0;
  }
  if (!y && !db) return;
  for (size_t r = 0; r < rows; r++, dy += columns, y = y ? y + columns : nullptr) {
    size_t i = 0;
    for (; i + W <= columns; i += W) {
      vf g = load(dy + i);
      if (y) store(dy + i, g = whenPositive(load(y + i), g));
      if (db) store(db + i, load(db + i) + g);
    }
    for (; i < columns; i++) {
      if (y && !(y[i] > 0)) dy[i] = 0;
      if (db) db[i] += dy[i];
    }
  }
}

static void normalise(const uint8_t* bytes, float scale, float shift, float* out, size_t n) {
  size_t i = 0;
  for (; i + W <= n; i += W) store(out + i, __builtin_convertvector(loadBytes(bytes + i), vf) * scale + shift);
  for (; i < n; i++) out[i] = static_cast<float>(bytes[i]) * scale + shift;
}

struct Window {
  int top, bottom, left, right;
};
WEFT_INLINE Window windowOf(const Pool& s, int oy, int ox) {
  const int y = oy * s.strideHeight - s.padTop, x = ox * s.strideWidth - s.padLeft;
  return {y < 0 ? 0 : y, y + s.poolHeight > s.height ? s.height : y + s.poolHeight, x < 0 ? 0 : x,
          x + s.poolWidth > s.width ? s.width : x + s.poolWidth};
}

static void maxPoolForward(const Pool& s, const float* x, float* y) {
  for (int oy = 0; oy < s.outHeight; oy++) {
    for (int ox = 0; ox < s.outWidth; ox++, y += s.channels) {
      const Window w = windowOf(s, oy, ox);
      const float* origin = x + (static_cast<size_t>(w.top) * s.width + w.left) * s.channels;
      int c = 0;
      for (; c + W <= s.channels; c += W) {
        vf best = load(origin + c);
        for (int i = w.top; i < w.bottom; i++) {
          const float* p = x + (static_cast<size_t>(i) * s.width + w.left) * s.channels + c;
          for (int j = w.left; j < w.right; j++, p += s.channels) best = maximum(best, load(p));
        }
        store(y + c, best);
      }
      for (; c < s.channels; c++) {
        float best = origin[c];
        for (int i = w.top; i < w.bottom; i++) {
          const float* p = x + (static_cast<size_t>(i) * s.width + w.left) * s.channels + c;
          for (int j = w.left; j < w.right; j++, p += s.channels) best = *p > best ? *p : best;
        }
        y[c] = best;
      }
    }
  }
}

static void maxPoolBackward(const Pool& s, const float* x, const float* dy, float* dx) {
  const size_t n = static_cast<size_t>(s.height) * s.width * s.channels;
  for (size_t i = 0; i < n; i++) dx[i] = 0;
  for (int oy = 0; oy < s.outHeight; oy++) {
    for (int ox = 0; ox < s.outWidth; ox++, dy += s.channels) {
      const Window w = windowOf(s, oy, ox);
      for (int c = 0; c < s.channels; c++) {
        size_t best = (static_cast<size_t>(w.top) * s.width + w.left) * s.channels + c;
        for (int i = w.top; i < w.bottom; i++) {
          for (int j = w.left; j < w.right; j++) {
            const size_t at = (static_cast<size_t>(i) * s.width + j) * s.channels + c;
            if (x[at] > x[best]) best = at;
          }
        }
        dx[best] += dy[c];
      }
    }
  }
}

}  // namespace WEFT_ISA
}  // namespace weft
