/*
 * Waking an event loop: granted nodes go on the slot's ready stack, and whoever finds the stack empty
 * rings, unless the loop says that it polls. The loop settles each promise exactly once, frees each node
 * exactly once, and may give up on one at any time, granted or not. Here every node waits for an object
 * of its own, so that all of them may be granted at the same time.
 * BROKEN: the loop looks at the stack before, not after, it says that it no longer polls.
 * WATCHED: the loop is one that says when it sleeps, and is rung only then (native/core/loop_state.h).
 * HASTY: such a loop looks at the stack before, not after, it says that it sleeps.
 * FAMILY: such a loop is in another process, whose bell ringer passes the rings on (native/core/bell_ringer.h).
 * FILTERED: that one passes a ring on only while something is ready, not for a loop that has been RUNG.
 */
#define NODES 3
#define NONE 255

byte READY = NONE;
byte ready_next[NODES];
bit POLLING;
/* The loop's own wake-up; rings that come before it is answered count once. */
bit bell;

#define AWAKE 0
#define ASLEEP 1
#define RUNG 2
byte LOOP = AWAKE;
/* Of the loop's process. */
bit doorbell;
/* Once, something else that the loop polls for wakes it. */
bit disturbed;

/* The loop has ended. */
bit over;

bit guard[NODES];
bit linked[NODES];
bit settled[NODES], consumed[NODES], freed[NODES];
byte unsettled = NODES;

inline lock_guard(node) { atomic { guard[node] == 0 -> guard[node] = 1 } }
inline unlock_guard(node) { guard[node] = 0 }

/* Under the node's guard. Leaves in `old` what the stack began with before. */
inline push(node) {
	linked[node] = 0;
	do
	:: old = READY;
	   ready_next[node] = old;
	   atomic { if :: READY == old -> READY = node; break :: else fi }
	od
}

/* Libuv's and Node's own bells hear a ring that comes before or after the sleep, too. */
inline ring() {
#ifdef WATCHED
	atomic { if :: LOOP == ASLEEP -> LOOP = RUNG; rings = 1 :: else fi };
	if
#ifdef FAMILY
	:: rings -> doorbell = 1
#else
	:: rings -> bell = 1
#endif
	:: else
	fi
#else
	bell = 1
#endif
}

/* Ends with the loop. */
proctype ringer() {
end:
	do
	:: atomic { doorbell -> doorbell = 0 };
		if
		:: READY != NONE -> bell = 1
#ifndef FILTERED
		:: LOOP == RUNG -> bell = 1
#endif
		:: else
		fi
	:: over -> break
	od
}

proctype granter(byte node) {
	byte old = NODES;
	bit rings;
	lock_guard(node);
	if
	:: linked[node] -> push(node)
	:: else
	fi;
	unlock_guard(node);
	if
	:: old == NONE ->
		if
		:: POLLING == 0 -> ring()
		:: else
		fi
	:: else
	fi
}

inline settle(node) {
	assert(!settled[node]);
	settled[node] = 1;
	unsettled--
}

inline free_node(node) {
	assert(!freed[node] && !linked[node]);
	freed[node] = 1
}

/* Takes the whole stack at once. */
inline drain() {
	atomic { top = READY; READY = NONE };
	do
	:: top == NONE -> break
	:: else ->
		next = ready_next[top];
		if
		:: consumed[top]
		:: else -> settle(top)
		fi;
		free_node(top);
		top = next
	od
}

/* A timer or a signal. Not linked any more: granted, and on the stack, where drain will find and free it. */
inline give_up(node) {
	lock_guard(node);
	if
	:: linked[node] -> linked[node] = 0; unlock_guard(node); free_node(node)
	:: else -> unlock_guard(node); consumed[node] = 1
	fi;
	settle(node)
}

/* A grant by the loop itself rings nobody: a drain is due before it sleeps. */
inline grant_own(node) {
	lock_guard(node);
	if
	:: linked[node] -> push(node)
	:: else
	fi;
	unlock_guard(node);
	drain()
}

/* From prepare to check. */
inline poll() {
#ifdef HASTY
	ready = READY != NONE;
	LOOP = ASLEEP;
#else
	LOOP = ASLEEP;
	ready = READY != NONE;
#endif
	if
	:: ready
	:: else ->
		if
		:: atomic { bell -> bell = 0 }
		:: atomic { !disturbed -> disturbed = 1 }
		:: atomic { timeout -> idle = 1 }
		fi
	fi;
	LOOP = AWAKE
}

proctype loop() {
	byte top, next, old;
	bit ready, idle;
	do
	:: unsettled == 0 -> break
	:: else ->
		if
		:: !settled[0] -> give_up(0)
		:: !settled[1] -> grant_own(1)
		:: true
		fi;
		if
		:: true ->
			POLLING = 1;
			drain();
#ifdef BROKEN
			drain();
			POLLING = 0
#else
			POLLING = 0;
			drain()
#endif
		:: true
		fi;
		if
		:: unsettled == 0
		:: else ->
#ifdef WATCHED
			poll();
			assert(!idle);
#else
			atomic { bell -> bell = 0 };
#endif
			drain()
		fi
	od;
	/* Whatever it gave up on too late is still freed. */
	do
#ifdef WATCHED
	:: !idle -> poll(); drain()
	:: idle -> break
#else
	:: atomic { bell -> bell = 0 }; drain()
	:: timeout -> break
#endif
	od;
	over = 1
}

init {
	atomic {
		linked[0] = 1; linked[1] = 1; linked[2] = 1;
		run granter(0); run granter(1); run granter(2);
#ifdef FAMILY
		run ringer();
#endif
		run loop()
	};
	_nr_pr == 1;
	assert(READY == NONE && unsettled == 0 && freed[0] && freed[1] && freed[2])
}
