/*
 * The mutex: a state word with the bits LOCKED, PARKED and WAKING, fast paths that know nothing of the
 * line, and a line under the guard. Threads are told to RETRY and compete with whoever comes along; event
 * loops are handed the mutex, and so are threads that are due: that have stood first for long and were told
 * in vain. Nobody else gets it before one that is due.
 * BROKEN: a thread that gives up does not pass on the RETRY it was given. UNFAIR: one that is due is told
 * again instead of being handed the mutex.
 */
#define NODES 3
#include "parking.pml"

/* The state word. A compare-and-swap is an `atomic` below. */
bit LOCKED, PARKED, WAKING;
bit isLoop[NODES];
bit due[NODES];
byte inside;
/* Set while somebody is due: whoever takes the mutex otherwise would starve it. */
bit owed;

/* PARKED says exactly whether somebody is linked, whenever the guard is free. */
inline leave_guard() {
	assert(PARKED == !nobody_waits);
	assert(!WAKING || PARKED);
	unlock_guard()
}

#ifdef UNFAIR
#define handed(node) (isLoop[node])
#else
#define handed(node) (isLoop[node] || due[node])
#endif
inline take_for(node) {
	LOCKED = 1;
	if :: due[node] -> due[node] = 0; owed = 0 :: else fi
}

inline tell_to_retry(node) {
	if
	:: state[node] == WAITING -> state[node] = RETRY; futex_wake(node)
	:: else
	fi
}

inline acquire() {
	got = 0;
	/* The fast path, or a barging try: takes the mutex if it is free, whoever waits. */
	if
	:: atomic { !LOCKED -> assert(!owed); LOCKED = 1; got = 1 }
	:: true
	fi;
	if
	:: got
	:: else ->
		lock_guard();
		atomic { if :: !LOCKED -> assert(!owed); LOCKED = 1; got = 1 :: else -> PARKED = 1 fi };
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
			:: else
			fi;
			if
			:: state[me] == GRANTED -> got = 1
			:: state[me] == RETRY -> retry()
			:: state[me] == WAITING
			fi
		od
	fi
}

/* Keeps its place in line when somebody else was faster. */
inline retry() {
	assert(!isLoop[me]);
	lock_guard();
	if
	:: !linked(me) -> got = 1
	:: else ->
		atomic {
			if
			:: !LOCKED -> LOCKED = 1; got = 1
			:: else ->
				/* Whether its time is over. */
				if :: due[me] = 1; owed = 1 :: true fi
			fi;
			WAKING = 0
		};
		if
		:: got -> unlink(me); PARKED = !nobody_waits
		:: else -> state[me] = WAITING
		fi
	fi;
	leave_guard()
}

/* The only other way out of the line. Not linked any more: it has been handed the mutex, and says so. */
inline give_up() {
	lock_guard();
	if
	:: !linked(me) -> got = 1
	:: else ->
		unlink(me);
		d_step { if :: due[me] -> due[me] = 0; owed = 0 :: else fi };
		if
		:: nobody_waits -> atomic { PARKED = 0; WAKING = 0 }
#ifndef BROKEN
		:: !nobody_waits && state[me] == RETRY ->
			line?<head>;
			if
			/* Somebody barged in, whose release will see to the line. */
			:: atomic { LOCKED -> WAKING = 0 }
			:: atomic { !LOCKED && handed(head) -> take_for(head); WAKING = 0 };
				finish(head); PARKED = !nobody_waits
			/* WAKING stays, now for this one. */
			:: atomic { !LOCKED && !handed(head) -> skip }; tell_to_retry(head)
			fi
#endif
		:: else
		fi
	fi;
	leave_guard()
}

inline release() {
	/* The fast path. With WAKING somebody awake is about to look. */
	atomic { if :: !PARKED || WAKING -> LOCKED = 0; got = 0 :: else fi };
	if
	:: !got
	:: else ->
		got = 0;
		lock_guard();
		if
		:: nobody_waits -> atomic { LOCKED = 0; PARKED = 0; WAKING = 0 }
		:: else ->
			line?<head>;
			if
			:: handed(head) -> atomic { take_for(head); PARKED = (len(line) > 1); WAKING = 0 }; finish(head)
			:: else -> atomic { LOCKED = 0; WAKING = 1 }; tell_to_retry(head)
			fi
		fi;
		leave_guard()
	fi
}

proctype worker(byte me; byte rounds) {
	byte head;
	bit got, timed, expired;
	do
	:: rounds == 0 -> break
	:: else ->
		rounds--;
		if :: timed = 0 :: timed = 1 fi;
		if :: isLoop[me] = 0 :: isLoop[me] = 1 fi;
		acquire();
		if
		:: got ->
			inside++;
			assert(inside == 1 && LOCKED);
			inside--;
			release()
		:: else -> assert(timed)
		fi;
		d_step { got = 0; expired = 0; head = 0; isLoop[me] = 0; state[me] = WAITING }
	od
}

init {
	atomic { run worker(0, 2); run worker(1, 2); run worker(2, 1) };
	_nr_pr == 1;
	assert(nobody_waits && !LOCKED && !PARKED && !WAKING && !owed)
}
