/*
 * The guard of a cell: a futex lock of three states. 0: free; otherwise the holder's number in the
 * upper bits and, in bit 0, whether somebody may sleep. BROKEN: who has slept forgets that others may.
 */
#define NODES 4
#include "parking.pml"
#define HOLDERS 3
#define ROUNDS 2

byte word;
byte inside;
byte sleepers[HOLDERS];

proctype holder(byte me) {
	byte seen;
	byte round = 0;
	byte mine = (me + 1) << 1;
	do
	:: round < ROUNDS ->
		atomic { seen = word; if :: seen == 0 -> word = mine :: else fi }
		do
		:: seen == 0 -> break
		:: else ->
			/* Makes sure the holder knows; then sleeps as long as the word is what was left there. */
			atomic { if :: word == seen -> word = seen | 1; seen = word :: else -> seen = word fi }
			if
			:: (seen & 1) ->
				atomic { if :: word == seen -> sleepers[me] = 1 :: else fi }
				sleepers[me] == 0
			:: else
			fi
#ifdef BROKEN
			atomic { seen = word; if :: seen == 0 -> word = mine :: else fi }
#else
			atomic { seen = word; if :: seen == 0 -> word = mine | 1 :: else fi }
#endif
		od
		inside++;
		assert(inside == 1);
		inside--;
		atomic { seen = word; word = 0 }
		assert((seen >> 1) == me + 1);
		if
		:: (seen & 1) ->
			/* Wakes one sleeper, whichever the kernel picks. */
			atomic {
				if
				:: sleepers[0] -> sleepers[0] = 0
				:: sleepers[1] -> sleepers[1] = 0
				:: sleepers[2] -> sleepers[2] = 0
				:: else
				fi
			}
		:: else
		fi
		round++
	:: else -> break
	od
}

init {
	atomic { run holder(0); run holder(1); run holder(2) }
	_nr_pr == 1;
	assert(word == 0)
}
