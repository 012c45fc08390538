#include "slot.hpp"

#include "guard.hpp"
#include "shim.h"

extern "C" {

gt_error gt_slot(void** slot) {
  return guard([&] { *slot = new Slot; });
}

void gt_slot_free(void* slot) { delete static_cast<Slot*>(slot); }

}  // extern "C"
