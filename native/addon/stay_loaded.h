// Threads may still run code of the addon while Node unloads it at the end of an environment, so it is never
// unloaded. On Linux the linker sees to that (`-z nodelete`).
#pragma once

namespace heddle::addon {

void stay_loaded();

}  // namespace heddle::addon
