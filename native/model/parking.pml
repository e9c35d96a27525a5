/*
 * What the models share: a guard, a line of waiter nodes, and a futex.
 *
 * Each model states one part of the protocol of native/core and lib/engine/fallback, small enough
 * to be searched completely. What is looked for:
 *
 *   no lost wake-up           a waiter without a timeout always gets on: else the search ends in a
 *                             state in which a process has not finished ("invalid end state")
 *   no waiter left linked     asserted when every process has finished
 *   a timeout racing a grant  loses no token: asserted on what is left at the end
 *   mutual exclusion          asserted by the process that got in
 *
 * Each model has a BROKEN variant, in which one line of the protocol is wrong. The search must find
 * it: that is how we know that it can find anything.
 *
 * Memory is sequentially consistent here, as it is for JavaScript's Atomics and for the seq_cst
 * operations that the C++ code uses wherever two words are involved. An atomic read-modify-write is
 * one step; a load and a store that depends on it are two.
 */

/* A node's state word. */
#define WAITING 0
#define RETRY 1
#define GRANTED 2

/* The line of waiters: node numbers, oldest first. Only touched under the guard. */
chan line = [NODES] of { byte };
byte state[NODES];
bit asleep[NODES];

/* The guard as its users see it: whoever has it is alone. guard.pml looks inside. */
bit guard;
inline lock_guard() { atomic { guard == 0 -> guard = 1 } }
inline unlock_guard() { guard = 0 }

#define linked(node) (line??[eval(node)])
#define nobody_waits (len(line) == 0)
inline link(node) { state[node] = WAITING; line!node }
inline unlink(node) { line??eval(node) }

/* Falls asleep unless the word has changed: the comparison is part of the step, as the kernel promises. */
inline futex_sleep(node, expected) {
	atomic { if :: state[node] == expected -> asleep[node] = 1 :: else fi }
}
inline futex_wake(node) { asleep[node] = 0 }

/* Sleeps until the node's state is not WAITING. Who may time out may do so at any moment, or be late. */
inline sleep(node, may_expire, expired) {
	expired = 0;
	futex_sleep(node, WAITING);
	if
	:: asleep[node] == 0
	:: may_expire -> asleep[node] = 0; expired = 1
	fi
}

/* Ends a wait. The node is its owner's again once the state is stored; the wake is on the address only. */
inline finish(node) {
	unlink(node);
	state[node] = GRANTED;
	futex_wake(node)
}
