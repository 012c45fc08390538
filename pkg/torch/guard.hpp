// The shim's error convention: what a call throws becomes the message it returns.
#ifndef GOTUNE_GUARD_HPP
#define GOTUNE_GUARD_HPP

#include <c10/util/Exception.h>

#include <cstring>
#include <exception>

#include "shim.h"

namespace {

template <class F>
gt_error guard(F&& f) {
  try {
    f();
    return nullptr;
  } catch (const c10::Error& e) {
    return strdup(e.what_without_backtrace());
  } catch (const std::exception& e) {
    return strdup(e.what());
  } catch (...) {
    return strdup("unknown C++ exception");
  }
}

}  // namespace

#endif
