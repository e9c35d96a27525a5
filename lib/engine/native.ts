/** The native engine: the C++ core as the addon shows it, attached to this isolate. */
import { ArenaExhaustedError } from '../errors.js';
import { Cell, Event, ItemLane, Outcome as Outcomes, Slot, SlotState } from '../memory/layout.js';
import type { EncodedItem, Engine, EngineSupports, Handle, Kernels, Outcome, Processes, Segments } from './engine.js';
import { ItemRing } from './item-ring.js';
import type { AgentEngine, LocalEngine } from './proxies/local-engine.js';
import { slotWord } from './slot-word.js';
import { wordsOf } from './words-of.js';

/**
 * An attached isolate as the addon hands it out: `Engine` but for the puts, of which there is one per
 * lane so that a call passes only what it needs.
 */
export interface Binding extends Pick<Engine, Passed | 'self' | 'process'> {
  readonly supports: Omit<EngineSupports, 'processes' | 'processProxies'>;
  /** The control segment up to NEAR_WORDS. */
  readonly control: ArrayBuffer;
  /** All of it, in another buffer. */
  wholeControl(): ArrayBuffer;
  readonly outBuffer: ArrayBuffer;
  readonly readyBuffer: ArrayBuffer;
  readonly scratchBuffer: ArrayBuffer;
  /** 0 when there is no room. */
  create(kind: number): Handle;
  queueInit(handle: Handle, discipline: number, maxSize: number): Outcome;
  queueTake(handle: Handle, turn: number): number | string | Uint8Array | undefined;
  readonly queueTakeFor: AgentEngine['queueTakeFor'];
  /** Ends the attachment: nothing else of it is called afterwards. */
  detach(): void;
  /** Sees to who waits for a place (0) or an item (1) in the queue's ring. */
  queueNotice(handle: Handle, what: number): void;
  arrayAllocate(handle: Handle, byteLength: number): Outcome;
  arrayBuffer(handle: Handle): ArrayBuffer;
  queuePutNumber(handle: Handle, turn: number, number: number, key?: Uint8Array, handles?: Int32Array): Outcome;
  queuePutString(handle: Handle, turn: number, string: string, key?: Uint8Array, handles?: Int32Array): Outcome;
  /** `bytes` undefined: they are at the start of `scratch`. */
  queuePutBytes(
    handle: Handle,
    turn: number,
    lane: number,
    length: number,
    bytes: Uint8Array | undefined,
    key?: Uint8Array,
    handles?: Int32Array,
  ): Outcome;
  readonly descriptor: number;
  readonly nonce: string;
  readonly beginFamily: Processes['begin'];
  readonly giveProcessCell: Processes['giveCell'];
  readonly retainProcessHandle: Processes['retainHandle'];
  readonly reserveProcess: Processes['reserve'];
  readonly confirmProcess: Processes['confirm'];
  readonly cancelProcess: Processes['cancel'];
  readonly settleProcess: Processes['settle'];
  readonly kernelRun: Kernels['run'];
  readonly kernelStart: Kernels['start'];
  readonly kernelWait: Kernels['wait'];
  readonly kernelsTakeFinished: Kernels['takeFinished'];
  readonly kernelsOnFinished: Kernels['onFinished'];
  readonly segmentCreate: Segments['create'];
  readonly segmentAttach: Segments['attach'];
  readonly segmentUnlink: Segments['unlink'];
  readonly segmentDetach: Segments['detach'];
}

/** Methods of the engine that need a word of TypeScript. */
type Wrapped = 'create' | 'queueInit' | 'queuePut' | 'queueTake' | 'arrayAllocate' | 'arrayBuffer';

/** Methods of the engine that are the addon's own functions, called without anything between. */
type Passed = Exclude<
  keyof Engine,
  | Wrapped
  | 'name'
  | 'supports'
  | 'self'
  | 'process'
  | 'words'
  | 'allWords'
  | 'out'
  | 'ready'
  | 'scratch'
  | 'kernels'
  | 'segments'
  | 'processes'
  | 'itemRing'
>;

/** `Turn` of native/core/types.h. */
const Turn = { NOW: 0, PROMISED: 1, SPIN: 2, BEHIND: 3 } as const;

function turnOf(reserved: boolean, blocking: boolean): number {
  if (reserved) return Turn.PROMISED;
  return blocking ? Turn.SPIN : Turn.NOW;
}

export class NativeEngine implements LocalEngine, AgentEngine {
  readonly name = 'native';
  readonly supports: EngineSupports;
  readonly self: number;
  readonly process: number;
  readonly words: Int32Array<ArrayBuffer>;
  readonly out: Int32Array<ArrayBuffer>;
  readonly ready: Int32Array<ArrayBuffer>;
  readonly scratch: Uint8Array<ArrayBuffer>;

  readonly sweep: Engine['sweep'];
  readonly beginExit: Engine['beginExit'];

  readonly retain: Engine['retain'];
  readonly release: Engine['release'];
  readonly adopt: Engine['adopt'];
  readonly disown: Engine['disown'];

  readonly mutexAcquire: Engine['mutexAcquire'];
  readonly mutexRelease: Engine['mutexRelease'];

  readonly semaphoreAcquire: Engine['semaphoreAcquire'];
  readonly semaphoreRelease: Engine['semaphoreRelease'];

  readonly eventWait: Engine['eventWait'];
  readonly eventSet: Engine['eventSet'];

  readonly conditionEnqueue: Engine['conditionEnqueue'];
  readonly conditionNotify: Engine['conditionNotify'];

  readonly barrierArrive: Engine['barrierArrive'];
  readonly barrierRelease: Engine['barrierRelease'];
  readonly barrierBreak: Engine['barrierBreak'];
  readonly barrierReset: Engine['barrierReset'];

  readonly queueAwaitPlace: Engine['queueAwaitPlace'];
  readonly queueAwaitItem: Engine['queueAwaitItem'];
  readonly queueUnreserve: Engine['queueUnreserve'];
  readonly queueTaskDone: Engine['queueTaskDone'];
  readonly queueJoin: Engine['queueJoin'];
  readonly queueShutdown: Engine['queueShutdown'];
  readonly queueResize: Engine['queueResize'];

  readonly wait: Engine['wait'];
  readonly cancel: Engine['cancel'];
  readonly drain: Engine['drain'];
  readonly onReady: Engine['onReady'];

  readonly nativeThreadId: Engine['nativeThreadId'];
  readonly yieldCore: Engine['yieldCore'];
  readonly leaveCore: Engine['leaveCore'];
  readonly isCoreWanted: Engine['isCoreWanted'];
  readonly setThreadName: Engine['setThreadName'];

  readonly kernels: Kernels;
  readonly segments: Segments | undefined;
  readonly processes: Processes | undefined;

  readonly itemRing: ItemRing;
  readonly #binding: Binding;
  readonly #attach: () => Binding;
  #allWords: Int32Array<ArrayBuffer> | undefined;
  readonly #putNumber: Binding['queuePutNumber'];
  readonly #putString: Binding['queuePutString'];
  readonly #putBytes: Binding['queuePutBytes'];
  readonly #take: Binding['queueTake'];
  readonly queueTakeFor: AgentEngine['queueTakeFor'];
  readonly retire: AgentEngine['retire'];

  /** `attach` attaches this isolate once more. */
  constructor(binding: Binding, attach: () => Binding) {
    this.supports = Object.freeze({
      ...binding.supports,
      processProxies: false,
      processes: binding.supports.processSharedMemory,
    });
    this.self = binding.self;
    this.process = binding.process;
    this.words = new Int32Array(binding.control);
    this.out = new Int32Array(binding.outBuffer);
    this.ready = new Int32Array(binding.readyBuffer);
    this.scratch = new Uint8Array(binding.scratchBuffer);

    this.sweep = binding.sweep;
    this.beginExit = binding.beginExit;
    this.retain = binding.retain;
    this.release = binding.release;
    this.adopt = binding.adopt;
    this.disown = binding.disown;
    this.mutexAcquire = binding.mutexAcquire;
    this.mutexRelease = binding.mutexRelease;
    this.semaphoreAcquire = binding.semaphoreAcquire;
    this.semaphoreRelease = binding.semaphoreRelease;
    this.eventWait = binding.eventWait;
    this.eventSet = binding.eventSet;
    this.conditionEnqueue = binding.conditionEnqueue;
    this.conditionNotify = binding.conditionNotify;
    this.barrierArrive = binding.barrierArrive;
    this.barrierRelease = binding.barrierRelease;
    this.barrierBreak = binding.barrierBreak;
    this.barrierReset = binding.barrierReset;
    this.queueAwaitPlace = binding.queueAwaitPlace;
    this.queueAwaitItem = binding.queueAwaitItem;
    this.queueUnreserve = binding.queueUnreserve;
    this.queueTaskDone = binding.queueTaskDone;
    this.queueJoin = binding.queueJoin;
    this.queueShutdown = binding.queueShutdown;
    this.queueResize = binding.queueResize;
    this.wait = binding.wait;
    this.cancel = binding.cancel;
    this.drain = binding.drain;
    this.onReady = binding.onReady;
    this.nativeThreadId = binding.nativeThreadId;
    this.yieldCore = binding.yieldCore;
    this.leaveCore = binding.leaveCore;
    this.isCoreWanted = binding.isCoreWanted;
    this.setThreadName = binding.setThreadName;
    this.kernels = {
      run: binding.kernelRun,
      start: binding.kernelStart,
      wait: binding.kernelWait,
      takeFinished: binding.kernelsTakeFinished,
      onFinished: binding.kernelsOnFinished,
    };
    this.segments = this.supports.namedSharedMemory
      ? {
          create: binding.segmentCreate,
          attach: binding.segmentAttach,
          unlink: binding.segmentUnlink,
          detach: binding.segmentDetach,
        }
      : undefined;

    this.processes = this.supports.processes
      ? {
          shared: { descriptor: binding.descriptor, nonce: binding.nonce },
          begin: binding.beginFamily,
          giveCell: binding.giveProcessCell,
          retainHandle: binding.retainProcessHandle,
          reserve: binding.reserveProcess,
          confirm: binding.confirmProcess,
          cancel: binding.cancelProcess,
          settle: binding.settleProcess,
        }
      : undefined;

    this.queueTakeFor = binding.queueTakeFor;
    this.retire = binding.detach;

    this.#binding = binding;
    this.#attach = attach;
    this.#putNumber = binding.queuePutNumber;
    this.#putString = binding.queuePutString;
    this.#putBytes = binding.queuePutBytes;
    this.#take = binding.queueTake;
    this.itemRing = new ItemRing(this, binding.scratchBuffer, binding.queueNotice);
  }

  allWords(): Int32Array<ArrayBuffer> {
    this.#allWords ??= new Int32Array(this.#binding.wholeControl());
    return this.#allWords;
  }

  isGone(slot: number): boolean {
    return Atomics.load(this.words, slotWord(slot, Slot.STATE)) !== SlotState.LIVE;
  }

  createAgent(): AgentEngine {
    return new NativeEngine(this.#attach(), this.#attach);
  }

  look(handle: Handle, word: number): number {
    return Atomics.load(wordsOf(this, handle), handle + word);
  }

  eventClear(handle: Handle): void {
    Atomics.and(wordsOf(this, handle), handle + Cell.STATE, ~Event.SET);
  }

  create(kind: number): Handle {
    const handle = this.#binding.create(kind);
    if (handle === 0) throw new ArenaExhaustedError('no room for another shared object');
    return handle;
  }

  queueInit(handle: Handle, discipline: number, maxSize: number): void {
    if (this.#binding.queueInit(handle, discipline, maxSize) !== Outcomes.OK)
      throw new ArenaExhaustedError('no memory for another queue');
  }

  arrayAllocate(handle: Handle, byteLength: number): void {
    if (this.#binding.arrayAllocate(handle, byteLength) !== Outcomes.OK) {
      throw new ArenaExhaustedError(`no memory for an array of ${byteLength} bytes`);
    }
  }

  arrayBuffer(handle: Handle): { buffer: ArrayBuffer; byteOffset: number } {
    return { buffer: this.#binding.arrayBuffer(handle), byteOffset: 0 };
  }

  queuePut(
    handle: Handle,
    reserved: boolean,
    item: EncodedItem,
    key: Uint8Array | undefined,
    blocking = false,
  ): Outcome {
    const handles = item.handles.length === 0 ? undefined : Int32Array.from(item.handles);
    const extras = key !== undefined || handles !== undefined;
    if (!extras && !reserved && this.#putInRing(handle, item)) return Outcomes.OK;
    const turn = turnOf(reserved, blocking);
    switch (item.lane) {
      case ItemLane.NUMBER:
        return extras
          ? this.#putNumber(handle, turn, item.number, key, handles)
          : this.#putNumber(handle, turn, item.number);
      case ItemLane.STRING:
        return extras
          ? this.#putString(handle, turn, item.string, key, handles)
          : this.#putString(handle, turn, item.string);
      default: {
        const bytes = item.length === 0 || item.bytes === this.scratch ? undefined : item.bytes;
        return extras
          ? this.#putBytes(handle, turn, item.lane, item.length, bytes, key, handles)
          : this.#putBytes(handle, turn, item.lane, item.length, bytes);
      }
    }
  }

  #putInRing(handle: Handle, item: EncodedItem): boolean {
    switch (item.lane) {
      case ItemLane.NUMBER:
        return this.itemRing.putNumber(handle, item.number);
      case ItemLane.STRING:
        return false;
      default:
        return this.itemRing.putBytes(handle, item.lane, item.bytes, item.length);
    }
  }

  queueTake(handle: Handle, reserved: boolean, blocking = false): number | string | Uint8Array | undefined {
    if (!reserved) {
      const { itemRing, out } = this;
      const lane = itemRing.take(handle);
      if (lane !== 0) {
        const { value } = itemRing;
        out[0] = lane;
        if (lane === ItemLane.NUMBER) return value;
        out[1] = value;
        return undefined;
      }
    }
    return this.#take(handle, blocking && this.itemRing.empty ? Turn.BEHIND : turnOf(reserved, blocking));
  }
}
