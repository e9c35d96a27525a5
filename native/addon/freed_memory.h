// Whether the allocator that JavaScript's buffers come from keeps what is freed for the next ones.
#pragma once

namespace heddle::addon {

// To be called before large buffers are made again and again. glibc gives freed memory back to the system at
// once where it can, 128 KB being much to it, and the next buffer then pays for every page anew, which takes
// longer than copying into it. It stops doing so by itself in a program that has freed a block of 32 MB; this
// is the same, without the block. Whoever sets the thresholds in the environment is left alone.
void keep_freed_memory();

}  // namespace heddle::addon
