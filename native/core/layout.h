// The layout of the control segment. Generated from lib/memory/layout.ts by scripts/gen-layout.mjs:
// what the words mean is said there.
#pragma once

#include <cmath>
#include <cstdint>

// A macro of <math.h> on macOS and in MinGW, here a name.
#undef OVERFLOW

namespace heddle::layout {

// Covers every name and value below; the addon exports it and lib/engine/native.ts compares.
inline constexpr uint32_t HASH = 0xba609112U;

inline constexpr int32_t LAYOUT_VERSION = 5;
inline constexpr int32_t MAGIC = 1751475308;
inline constexpr int32_t WORDS_PER_CELL = 16;
inline constexpr int32_t WORDS_PER_SLOT = 96;
inline constexpr int32_t WORDS_PER_PROCESS = 96;
inline constexpr int32_t HEADER_WORDS = 1024;
inline constexpr int32_t MAX_PROCESSES = 128;
inline constexpr int32_t MAX_SLOTS = 512;
inline constexpr int32_t MAX_CELLS = 2097152;
inline constexpr int32_t REF_WORDS_PER_SLOT = 65536;
inline constexpr int32_t MAX_RINGS = 2048;
inline constexpr int32_t FIRST_RINGS = 1024;
inline constexpr int32_t NEAR_RINGS = 256;
inline constexpr int32_t RING_ENTRIES = 1024;
inline constexpr int32_t WORDS_PER_RING_HEAD = 4;
inline constexpr int32_t WORDS_PER_RING_BODY = 12;
inline constexpr int32_t RING_HEADER_WORDS = 96;
inline constexpr int32_t RING_BODIES = 4192;
inline constexpr int32_t WORDS_PER_RING = 16480;
inline constexpr int32_t WORDS_PER_JOURNAL = 2048;
inline constexpr int32_t PROCESSES_START = 1024;
inline constexpr int32_t SLOTS_START = 13312;
inline constexpr int32_t NEAR_RINGS_START = 62464;
inline constexpr int32_t CELLS_START = 4281344;
inline constexpr int32_t NEAR_WORDS = 8475648;
inline constexpr int32_t FAR_RINGS_START = 37835776;
inline constexpr int32_t JOURNALS_START = 67367936;
inline constexpr int32_t REFS_START = 68418560;
inline constexpr int32_t CONTROL_WORDS = 101972992;

namespace Header {
inline constexpr int32_t MAGIC = 0;
inline constexpr int32_t VERSION = 1;
inline constexpr int32_t LAYOUT = 2;
inline constexpr int32_t PROCESSES_GUARD = 3;
inline constexpr int32_t FREE_CELLS = 4;
inline constexpr int32_t CELLS_TOP = 6;
inline constexpr int32_t CELLS_LIVE = 7;
inline constexpr int32_t SLOTS_TOP = 8;
inline constexpr int32_t PROCESSES_TOP = 9;
inline constexpr int32_t NEXT_IDENT = 10;
inline constexpr int32_t SLOTS_LIVE = 11;
inline constexpr int32_t SLOTS_GUARD = 12;
inline constexpr int32_t CELLS_GUARD = 13;
inline constexpr int32_t NONCE = 14;
inline constexpr int32_t NONCE_HIGH = 15;
inline constexpr int32_t RINGS_GUARD = 17;
inline constexpr int32_t FREE_RINGS = 18;
inline constexpr int32_t RINGS_TOP = 19;
inline constexpr int32_t RINGS_LIVE = 20;
inline constexpr int32_t APART_GUARD = 21;
inline constexpr int32_t SHARING = 22;
}  // namespace Header

namespace Process {
inline constexpr int32_t STATE = 0;
inline constexpr int32_t PID = 1;
inline constexpr int32_t GENERATION = 2;
inline constexpr int32_t PARENT = 3;
inline constexpr int32_t PARENT_GENERATION = 4;
inline constexpr int32_t START_TIME = 6;
inline constexpr int32_t START_TIME_HIGH = 7;
inline constexpr int32_t DOORBELL = 8;
inline constexpr int32_t FLAGS = 10;
inline constexpr int32_t EXITING = 11;
inline constexpr int32_t THREAD_NUMBER = 12;
inline constexpr int32_t PROCESS_NUMBER = 13;
inline constexpr int32_t CELL = 14;
inline constexpr int32_t COMMANDS = 15;
inline constexpr int32_t STARTED = 16;
inline constexpr int32_t MAIN_THREAD = 17;
inline constexpr int32_t REGISTRY = 18;
inline constexpr int32_t EXCEPTHOOK = 19;
inline constexpr int32_t PARENT_CELL = 20;
inline constexpr int32_t NAME_LENGTH = 31;
inline constexpr int32_t NAME = 32;
}  // namespace Process

namespace ProcessState {
inline constexpr int32_t FREE = 0;
inline constexpr int32_t STARTING = 1;
inline constexpr int32_t LIVE = 2;
inline constexpr int32_t DEAD = 3;
inline constexpr int32_t SWEPT = 4;
inline constexpr int32_t LEAVING = 5;
}  // namespace ProcessState

inline constexpr int32_t PROCESS_STATE_OWNER = 8;

namespace DoorbellBit {
inline constexpr int32_t LOOPS = 1;
inline constexpr int32_t PROCESSES = 2;
inline constexpr int32_t STOP = 4;
}  // namespace DoorbellBit

namespace ProcessFlag {
inline constexpr int32_t DAEMON = 1;
inline constexpr int32_t STATUS_KNOWN = 2;
inline constexpr int32_t MAY_HAVE_CHILDREN = 4;
}  // namespace ProcessFlag

inline constexpr int32_t SLOT_RECORD_MASK = 255;

namespace Slot {
inline constexpr int32_t STATE = 0;
inline constexpr int32_t PID = 1;
inline constexpr int32_t GENERATION = 2;
inline constexpr int32_t NATIVE_TID = 3;
inline constexpr int32_t THREAD_NODE = 7;
inline constexpr int32_t WAITING_ON = 8;
inline constexpr int32_t IDENT = 9;
inline constexpr int32_t THREAD = 10;
inline constexpr int32_t FLAGS = 11;
inline constexpr int32_t REFS_TOP = 13;
inline constexpr int32_t PARENT = 14;
inline constexpr int32_t NAME_LENGTH = 15;
inline constexpr int32_t NAME = 16;
inline constexpr int32_t RING_QUEUE = 64;
inline constexpr int32_t RING_POSITION = 65;
inline constexpr int32_t RING = 69;
inline constexpr int32_t PROCESS = 66;
inline constexpr int32_t SWEEPER = 67;
inline constexpr int32_t CHUNK = 68;
inline constexpr int32_t READY = 80;
inline constexpr int32_t READY_TAG = 81;
inline constexpr int32_t DOORBELL = 82;
inline constexpr int32_t POLLING = 83;
inline constexpr int32_t LOOP = 84;
}  // namespace Slot

inline constexpr int32_t NAME_BYTES = 192;

namespace LoopState {
inline constexpr int32_t UNKNOWN = 0;
inline constexpr int32_t AWAKE = 1;
inline constexpr int32_t ASLEEP = 2;
inline constexpr int32_t RUNG = 3;
}  // namespace LoopState

namespace SlotState {
inline constexpr int32_t FREE = 0;
inline constexpr int32_t LIVE = 1;
inline constexpr int32_t SWEEPING = 2;
}  // namespace SlotState

namespace Journal {
inline constexpr int32_t GUARD = 0;
inline constexpr int32_t COUNT = 1;
inline constexpr int32_t STATE_WORD = 2;
inline constexpr int32_t STATE_FROM = 3;
inline constexpr int32_t STATE_TO = 4;
inline constexpr int32_t CHAIN = 5;
inline constexpr int32_t NEXT = 6;
inline constexpr int32_t GRANT = 7;
inline constexpr int32_t GRANTS = 8;
inline constexpr int32_t DOOMED = 9;
inline constexpr int32_t RING = 10;
inline constexpr int32_t RING_FROM = 11;
inline constexpr int32_t RING_TO = 12;
inline constexpr int32_t RING_HEAD = 13;
inline constexpr int32_t INNER_GUARD = 16;
inline constexpr int32_t INNER_COUNT = 17;
inline constexpr int32_t VICTIM = 18;
inline constexpr int32_t INNER_LOG = 64;
inline constexpr int32_t LOG = 256;
}  // namespace Journal

namespace Cell {
inline constexpr int32_t KIND = 0;
inline constexpr int32_t REFS = 1;
inline constexpr int32_t STATE = 2;
inline constexpr int32_t GUARD = 3;
inline constexpr int32_t WAITERS = 4;
}  // namespace Cell

namespace Kind {
inline constexpr int32_t FREE = 0;
inline constexpr int32_t NODE = 1;
inline constexpr int32_t MUTEX = 2;
inline constexpr int32_t SEMAPHORE = 3;
inline constexpr int32_t EVENT = 4;
inline constexpr int32_t CONDITION = 5;
inline constexpr int32_t BARRIER = 6;
inline constexpr int32_t QUEUE = 7;
inline constexpr int32_t VALUE = 8;
inline constexpr int32_t ARRAY = 9;
inline constexpr int32_t THREAD = 10;
inline constexpr int32_t PIPE_END = 11;
inline constexpr int32_t PROCESS = 12;
}  // namespace Kind

namespace Sharing {
inline constexpr int32_t UNSETTLED = 0;
inline constexpr int32_t SHARED = 1;
inline constexpr int32_t APART = 2;
}  // namespace Sharing

inline constexpr int32_t PROXY = 256;
inline constexpr int32_t PROXIED_KINDS = 2300;

namespace ProxyWord {
inline constexpr int32_t REQUESTS = 9;
inline constexpr int32_t BROKER = 10;
inline constexpr int32_t BROKER_GENERATION = 11;
}  // namespace ProxyWord

namespace Node {
inline constexpr int32_t REFERS = 1;
inline constexpr int32_t STATE = 2;
inline constexpr int32_t SLOT = 3;
inline constexpr int32_t MODE = 4;
inline constexpr int32_t CELL = 5;
inline constexpr int32_t NEXT = 6;
inline constexpr int32_t PREVIOUS = 7;
inline constexpr int32_t READY_NEXT = 8;
inline constexpr int32_t LIST = 9;
inline constexpr int32_t VALUE = 10;
inline constexpr int32_t OUTCOME = 11;
inline constexpr int32_t SINCE = 12;
inline constexpr int32_t CHAIN = 14;
inline constexpr int32_t GRANT = 15;
}  // namespace Node

namespace NodeState {
inline constexpr int32_t WAITING = 0;
inline constexpr int32_t RETRY = 1;
inline constexpr int32_t ASLEEP = -1;
}  // namespace NodeState

namespace WaiterMode {
inline constexpr int32_t THREAD = 0;
inline constexpr int32_t LOOP = 1;
inline constexpr int32_t KEPT = 2;
}  // namespace WaiterMode

namespace Outcome {
inline constexpr int32_t PENDING = 0;
inline constexpr int32_t OK = 2;
inline constexpr int32_t GRANTED = 2;
inline constexpr int32_t TIMED_OUT = 3;
inline constexpr int32_t BROKEN = 4;
inline constexpr int32_t LAST = 5;
inline constexpr int32_t SHUT_DOWN = 6;
inline constexpr int32_t FULL = 7;
inline constexpr int32_t EMPTY = 8;
inline constexpr int32_t OVERFLOW = 9;
inline constexpr int32_t INCOMPARABLE = 10;
inline constexpr int32_t NO_MEMORY = 11;
inline constexpr int32_t MISUSE = 12;
inline constexpr int32_t OWNER_LOST = 13;
}  // namespace Outcome

inline constexpr int32_t FIRST_TICKET = 4281344;

namespace Mutex {
inline constexpr int32_t LOCKED = 1;
inline constexpr int32_t PARKED = 2;
inline constexpr int32_t OWNER_DIED = 4;
inline constexpr int32_t WAKING = 8;
inline constexpr int32_t OWNER_SHIFT = 8;
inline constexpr int32_t IN_TRANSIT = 1024;
inline constexpr int32_t OWNER = 5;
inline constexpr int32_t DEPTH = 6;
}  // namespace Mutex

namespace Semaphore {
inline constexpr int32_t PARKED = 1;
inline constexpr int32_t VALUE_SHIFT = 1;
inline constexpr int32_t MAX_VALUE = 1073741823;
inline constexpr int32_t BOUND = 5;
inline constexpr int32_t BOUNDED = 6;
}  // namespace Semaphore

namespace Event {
inline constexpr int32_t SET = 1;
inline constexpr int32_t PARKED = 2;
}  // namespace Event

namespace Condition {
inline constexpr int32_t LOCK = 5;
}  // namespace Condition

namespace Barrier {
inline constexpr int32_t BROKEN = 1;
inline constexpr int32_t ACTION = 2;
inline constexpr int32_t PARTIES = 5;
inline constexpr int32_t COUNT = 6;
inline constexpr int32_t ENTRY = 7;
inline constexpr int32_t ACTION_SLOT = 8;
}  // namespace Barrier

namespace Queue {
inline constexpr int32_t SHUT_DOWN = 1;
inline constexpr int32_t DROPS_ITEMS = 2;
inline constexpr int32_t GETTERS = 4;
inline constexpr int32_t PUTTERS = 5;
inline constexpr int32_t JOINERS = 6;
inline constexpr int32_t MAX_SIZE = 7;
inline constexpr int32_t COUNT = 8;
inline constexpr int32_t UNFINISHED = 9;
inline constexpr int32_t RESERVED_ITEMS = 10;
inline constexpr int32_t RESERVED_PLACES = 11;
inline constexpr int32_t BODY = 12;
inline constexpr int32_t DISCIPLINE = 13;
inline constexpr int32_t RING = 14;
inline constexpr int32_t PUT_RING = 15;
}  // namespace Queue

inline constexpr int32_t PUTS_BEFORE_RING = 64;

namespace Ring {
inline constexpr int32_t SLOW = 1;
inline constexpr int32_t TAIL = 0;
inline constexpr int32_t HEAD_SEEN = 1;
inline constexpr int32_t HEAD = 32;
inline constexpr int32_t LIMIT = 64;
inline constexpr int32_t GET_WAITING = 65;
inline constexpr int32_t PUT_WAITING = 66;
inline constexpr int32_t NEXT = 67;
inline constexpr int32_t BEFORE = 68;
inline constexpr int32_t LAST_BLANK = 69;
}  // namespace Ring

namespace RingHead {
inline constexpr int32_t SEQUENCE = 0;
inline constexpr int32_t META = 1;
inline constexpr int32_t PLACE_SHIFT = 16;
inline constexpr int32_t BRIEF_SHIFT = 24;
inline constexpr int32_t NOWHERE = 3;
inline constexpr int32_t DATA = 2;
inline constexpr int32_t LENGTH = 2;
inline constexpr int32_t HANDLES = 3;
}  // namespace RingHead

inline constexpr int32_t BRIEF_BYTES = 8;
inline constexpr int32_t INLINE_BYTES = 48;

namespace Discipline {
inline constexpr int32_t FIFO = 0;
inline constexpr int32_t LIFO = 1;
inline constexpr int32_t PRIORITY = 2;
}  // namespace Discipline

namespace ItemLane {
inline constexpr int32_t NUMBER = 5;
inline constexpr int32_t STRING = 6;
inline constexpr int32_t BYTES = 7;
inline constexpr int32_t BUFFER = 9;
}  // namespace ItemLane

namespace Value {
inline constexpr int32_t TYPE = 5;
inline constexpr int32_t LOCK = 6;
inline constexpr int32_t DATA = 8;
}  // namespace Value

namespace SharedArray {
inline constexpr int32_t TYPE = 5;
inline constexpr int32_t LOCK = 6;
inline constexpr int32_t LENGTH = 7;
inline constexpr int32_t BLOCK = 8;
inline constexpr int32_t BYTE_LENGTH = 9;
}  // namespace SharedArray

namespace PipeEnd {
inline constexpr int32_t INCOMING = 5;
inline constexpr int32_t OUTGOING = 6;
}  // namespace PipeEnd

namespace Kernel {
inline constexpr int32_t SORT = 0;
inline constexpr int32_t ARGSORT = 1;
inline constexpr int32_t SUM = 2;
inline constexpr int32_t MIN = 3;
inline constexpr int32_t MAX = 4;
inline constexpr int32_t DOT = 5;
inline constexpr int32_t CUMSUM = 6;
inline constexpr int32_t HISTOGRAM = 7;
inline constexpr int32_t MAP = 8;
inline constexpr int32_t COMBINE = 9;
inline constexpr int32_t MATMUL = 10;
inline constexpr int32_t TOP_K = 11;
inline constexpr int32_t UNIQUE = 12;
}  // namespace Kernel

namespace MapOperation {
inline constexpr int32_t NEGATE = 0;
inline constexpr int32_t ABS = 1;
inline constexpr int32_t SIGN = 2;
inline constexpr int32_t SQUARE = 3;
inline constexpr int32_t SQRT = 4;
inline constexpr int32_t RECIPROCAL = 5;
inline constexpr int32_t FLOOR = 6;
inline constexpr int32_t CEIL = 7;
inline constexpr int32_t TRUNC = 8;
inline constexpr int32_t ROUND = 9;
inline constexpr int32_t NOT = 10;
inline constexpr int32_t CLAMP = 11;
}  // namespace MapOperation

namespace CombineOperation {
inline constexpr int32_t ADD = 0;
inline constexpr int32_t SUBTRACT = 1;
inline constexpr int32_t MULTIPLY = 2;
inline constexpr int32_t DIVIDE = 3;
inline constexpr int32_t MIN = 4;
inline constexpr int32_t MAX = 5;
inline constexpr int32_t AND = 6;
inline constexpr int32_t OR = 7;
inline constexpr int32_t XOR = 8;
}  // namespace CombineOperation

namespace KernelControl {
inline constexpr int32_t CANCEL = 0;
inline constexpr int32_t OUTCOME = 1;
inline constexpr int32_t DONE = 2;
inline constexpr int32_t TOTAL = 3;
inline constexpr int32_t PARAMETERS = 4;
inline constexpr int32_t RESULTS = 12;
inline constexpr int32_t WORDS = 40;
}  // namespace KernelControl

namespace KernelOutcome {
inline constexpr int32_t PENDING = 0;
inline constexpr int32_t DONE = 1;
inline constexpr int32_t CANCELLED = 2;
inline constexpr int32_t NO_MEMORY = 3;
inline constexpr int32_t MISUSE = 4;
}  // namespace KernelOutcome

inline constexpr int32_t SUM_BLOCK = 8192;
inline constexpr int32_t SUM_LANES = 8;

namespace Thread {
inline constexpr int32_t IDENT = 5;
inline constexpr int32_t NATIVE_ID = 6;
inline constexpr int32_t SLOT = 7;
inline constexpr int32_t FLAGS = 8;
inline constexpr int32_t STATUS = 9;
}  // namespace Thread

namespace ThreadFlag {
inline constexpr int32_t DAEMON = 1;
inline constexpr int32_t MAIN = 2;
inline constexpr int32_t DUMMY = 4;
}  // namespace ThreadFlag

namespace ThreadStatus {
inline constexpr int32_t INITIAL = 0;
inline constexpr int32_t STARTED = 1;
inline constexpr int32_t RUNNING = 2;
inline constexpr int32_t FINISHED = 3;
}  // namespace ThreadStatus

namespace ProcessCell {
inline constexpr int32_t PID = 5;
inline constexpr int32_t EXIT_CODE = 6;
inline constexpr int32_t STATUS = 7;
inline constexpr int32_t FLAGS = 8;
inline constexpr int32_t CREATOR = 9;
inline constexpr int32_t CREATOR_GENERATION = 10;
inline constexpr int32_t RECORD = 11;
}  // namespace ProcessCell

namespace ProcessStatus {
inline constexpr int32_t INITIAL = 0;
inline constexpr int32_t STARTED = 1;
inline constexpr int32_t FINISHED = 2;
}  // namespace ProcessStatus

inline constexpr int32_t UNKNOWN_EXIT_CODE = 2147483647;
inline constexpr int32_t SLICE_MS = 50;
inline constexpr int32_t LONGEST_SLICE_MS = 250;
inline constexpr int32_t FAIR_AFTER_NS = 500000;
inline constexpr int32_t RING_FAIR_AFTER_NS = 5000000;

}  // namespace heddle::layout
