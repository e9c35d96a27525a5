/*
 * The ring of a busy queue, the getters' side; the putters' is its mirror image. Putters know nothing of the
 * guard unless GET_WAITING is set; getters take without it unless HEAD is closed. Threads in line are told
 * and look again; event loops are promised an item, and HEAD is closed while one is promised.
 * BROKEN: a thread that gives up does not see to the others, though it may have been told.
 */
#define NODES 2
#include "parking.pml"
#define ITEMS 2

/* HEAD and its SLOW bit are one word, as TAIL is: a compare-and-swap is an `atomic` below. */
byte TAIL, HEAD, RESERVED, taken;
bit CLOSED, GET_WAITING;
bit published[ITEMS + 4];
bit isLoop[NODES];

inline open_and_unlock() {
	if :: RESERVED == 0 -> CLOSED = 0 :: else fi;
	unlock_guard()
}

/* Closed before the look: what is there then stays. */
inline reserve() {
	CLOSED = 1;
	if
	:: published[HEAD + RESERVED] -> RESERVED++; got = 1
	:: else -> got = 0
	fi
}

/* As GuardedQueue::settle. */
inline settle() {
	do
	:: nobody_waits -> GET_WAITING = 0; break
	:: !nobody_waits ->
		line?<head>;
		if
		:: state[head] == RETRY -> GET_WAITING = 0; break
		:: else ->
			GET_WAITING = 1;
			if
			:: !published[HEAD + RESERVED] -> break
			:: published[HEAD + RESERVED] && !isLoop[head] ->
				GET_WAITING = 0; state[head] = RETRY; futex_wake(head); break
			:: published[HEAD + RESERVED] && isLoop[head] ->
				reserve();
				if :: got -> finish(head) :: else fi
			fi
		fi
	od;
	got = 0
}

inline take_promised() {
	lock_guard();
	RESERVED--;
	CLOSED = 1;
	assert(published[HEAD]);
	HEAD++;
	taken++;
	settle();
	open_and_unlock()
}

inline take_fast() {
	atomic { at = HEAD; shut = CLOSED };
	if
	:: !shut && published[at] ->
		atomic { if :: HEAD == at && !CLOSED -> HEAD++; taken++; done = 1 :: else fi }
	:: else
	fi
}

inline begin_wait() {
	lock_guard();
	reserve();
	if
	:: !got ->
		/* Whoever publishes from here on sees the flag, or this sees the item. */
		GET_WAITING = 1;
		reserve();
		if
		:: got && nobody_waits -> GET_WAITING = 0
		:: got && !nobody_waits
		:: !got -> link(me)
		fi
	:: else
	fi;
	open_and_unlock()
}

inline look_again() {
	lock_guard();
	promised = 0;
	if
	:: linked(me) ->
		state[me] = WAITING;
		reserve();
		/* Who was promised an item sees to the others when it takes it. */
		if :: got -> unlink(me); promised = 1 :: else settle() fi
	:: else
	fi;
	open_and_unlock();
	got = promised
}

inline give_up() {
	lock_guard();
	promised = 0;
	if
	:: linked(me) ->
		unlink(me);
#ifndef BROKEN
		settle()
#endif
	:: else -> promised = 1
	fi;
	open_and_unlock();
	got = promised
}

proctype getter(byte me; bit loop; bit timed) {
	byte head, at;
	bit got, shut, done, expired, promised;
	isLoop[me] = loop;
	take_fast();
	if
	:: done
	:: else ->
		begin_wait();
		do
		:: got -> take_promised(); break
		:: else ->
			sleep(me, timed, expired);
			if
			:: expired ->
				give_up();
				if :: got -> take_promised() :: else fi;
				break
			:: !expired && state[me] == GRANTED -> got = 1
			:: !expired && state[me] == RETRY -> look_again()
			:: else
			fi
		od
	fi
}

proctype putter(byte puts) {
	byte head, mine;
	bit got;
	do
	:: puts == 0 -> break
	:: else ->
		puts--;
		atomic { mine = TAIL; TAIL++ };
		published[mine] = 1;
		if
		:: GET_WAITING -> lock_guard(); settle(); open_and_unlock()
		:: else
		fi
	od
}

init {
	bit loop;
	if :: loop = 0 :: loop = 1 fi;
	atomic {
		run getter(0, 0, 1);
		run getter(1, loop, 0);
		run putter(1);
		run putter(1)
	};
	_nr_pr == 1;
	assert(nobody_waits && RESERVED == 0 && !CLOSED);
	assert(taken == HEAD && taken <= ITEMS && taken >= 1)
}
