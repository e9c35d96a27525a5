/*
 * The semaphore: permits go from hand to hand. Who releases takes the permit for the first in line,
 * under the guard, before it wakes; so no newcomer can overtake, and a timeout that comes too late
 * finds itself granted. Event, condition, barrier and queue grant in the same way.
 * BROKEN: a timeout does not look whether it has been granted.
 */
#define NODES 3
#include "parking.pml"
#define EXTRA 2

/* The state word: VALUE << 1 | PARKED. A compare-and-swap is an `atomic` below. */
byte VALUE;
bit PARKED;

inline leave_guard() {
	assert(PARKED == !nobody_waits);
	assert(!PARKED || VALUE == 0);
	unlock_guard()
}

inline acquire() {
	got = 0;
	atomic { if :: VALUE > 0 && !PARKED -> VALUE--; got = 1 :: else fi };
	if
	:: got
	:: else ->
		lock_guard();
		/* A fast release may come in between: taking and parking are one compare-and-swap. */
		atomic { if :: VALUE > 0 -> VALUE--; got = 1 :: else -> PARKED = 1 fi };
		if
		:: got
		:: else -> link(me)
		fi;
		leave_guard();
		do
		:: got -> break
		:: else ->
			sleep(me, timed, expired);
			if
			:: expired -> give_up(); break
			:: !expired && state[me] == GRANTED -> got = 1
			:: else
			fi
		od
	fi
}

inline give_up() {
	lock_guard();
	if
#ifdef BROKEN
	:: !linked(me)
#else
	:: !linked(me) -> got = 1
#endif
	:: else ->
		unlink(me);
		if :: nobody_waits -> PARKED = 0 :: else fi
	fi;
	leave_guard()
}

inline release(count) {
	atomic { if :: !PARKED -> VALUE = VALUE + count; done = 1 :: else -> done = 0 fi };
	if
	:: done
	:: else ->
		lock_guard();
		left = count;
		do
		:: left > 0 && !nobody_waits -> line?<head>; left--; finish(head)
		:: else -> break
		od;
		if
		:: nobody_waits -> atomic { VALUE = VALUE + left; PARKED = 0 }
		:: else
		fi;
		leave_guard()
	fi
}

proctype worker(byte me; byte rounds) {
	byte head, left;
	bit got, timed, expired, done;
	do
	:: rounds == 0 -> break
	:: else ->
		rounds--;
		if :: timed = 0 :: timed = 1 fi;
		acquire();
		if
		:: got -> release(1)
		:: else -> assert(timed)
		fi;
		d_step { got = 0; expired = 0; head = 0; left = 0; done = 0; state[me] = WAITING }
	od
}

proctype giver() {
	byte head, left;
	bit done;
	release(EXTRA)
}

init {
	VALUE = 1;
	atomic { run worker(0, 2); run worker(1, 2); run worker(2, 1); run giver() };
	_nr_pr == 1;
	assert(nobody_waits && VALUE == 1 + EXTRA)
}
