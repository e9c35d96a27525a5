/*
 * Who is woken for the tasks of an executor (lib/executors/lookers.ts): no task is left queued while a worker
 * sleeps. A client queues tasks and then is at something else for ever; so may be a worker that runs a task which is
 * not brisk. Nobody dies here.
 * BROKEN: who stops sleeping by itself does not count up RISEN.
 * LATE: a client reads RISEN after, not before, it wakes somebody.
 */
#define WORKERS 2
#define TASKS 2

/* Of each task in the ring whether it is brisk. */
bit ring[TASKS];
byte HEAD, TAIL;
short LOOKERS;
byte RISEN;

/* The semaphore `idle`. */
byte permits, parked;
bit waiting[WORKERS], granted[WORKERS];

#define queued (HEAD < TAIL)

/* For one that waits, or the next that is about to. */
inline release() {
	atomic {
		if
		:: waiting[0] -> waiting[0] = 0; granted[0] = 1; parked--
		:: waiting[1] -> waiting[1] = 0; granted[1] = 1; parked--
		:: !parked -> permits++
		fi
	}
}

inline wake_sleeper() {
	sleeps = parked > 0;
	if
	:: sleeps -> release()
	:: else
	fi
}

inline enter() {
	if
	:: counted
	:: else -> counted = 1; LOOKERS++
	fi
}

inline withdraw() {
	if
	:: counted -> counted = 0; LOOKERS--
	:: else
	fi
}

/* `another`, then the ring. */
inline leave() {
	if
	:: counted ->
		withdraw();
		if
		:: LOOKERS <= 0 ->
			if
			:: queued -> wake_sleeper()
			:: else
			fi
		:: else
		fi
	:: else
	fi
}

/* It waits no longer, whether a permit has come or not, and is about to look. */
inline stop_waiting() {
	atomic {
		if
		:: waiting[me] -> waiting[me] = 0; parked--; had_permit = 0
		:: else -> granted[me] = 0; had_permit = 1
		fi
	}
	RISEN++
}

proctype worker(byte me) {
	bit counted, sleeps, got, brisk, had_permit, stands_down, needed, patient;
again:
	enter();
	atomic {
		sleeps = 0; had_permit = 0; patient = 0; needed = 0; stands_down = 0;
		got = queued;
		if
		:: got -> brisk = ring[HEAD]; HEAD++
		:: else -> brisk = 0
		fi
	};
	if
	:: got && !brisk ->
		leave();
		if
		:: true -> goto hung
		:: true -> goto again
		fi
	:: got && brisk ->
		if
		:: LOOKERS > 1 -> withdraw(); stands_down = 1
		:: goto again
		fi
	:: !got ->
		withdraw();
		if
		:: queued -> goto again
		/* A turn of its event loop. */
		:: true -> goto again
		:: true
		fi
	fi;
	/* To sleep. */
	atomic {
		got = 0; brisk = 0; sleeps = 0;
		had_permit = permits > 0;
		if
		:: had_permit -> permits--
		:: else -> waiting[me] = 1; parked++
		fi
	};
	if
	:: had_permit -> stop_waiting(); goto again
	:: else
	fi;
	if
	:: stands_down && LOOKERS > 0 -> needed = 0
	:: else -> needed = queued
	fi;
	if
	:: needed -> stop_waiting(); goto again
	:: else
	fi;
	atomic {
		stands_down = 0;
		if
		:: patient = 1
		:: patient = 0
		fi
	};
end_asleep:
	if
	:: granted[me] -> stop_waiting(); goto again
	/* Idle for too long. */
	:: !patient ->
		needed = queued;
#ifdef BROKEN
		RISEN--;
#endif
		stop_waiting();
		if
		:: needed -> goto again
		:: else
		fi;
		if
		:: had_permit -> goto again
		:: else
		fi;
		if
		:: queued -> goto again
		:: else -> goto end_gone
		fi
	fi;
end_gone:
	false;
hung:
end_hung:
	false
}

proctype client() {
	bit sleeps, brisk, woken, lookers_none;
	byte risen, queueing = TASKS;
	do
	:: queueing > 0 ->
		queueing--;
		if
		:: brisk = 0
		:: brisk = 1
		fi;
		atomic { ring[TAIL] = brisk; TAIL++ };
		lookers_none = LOOKERS <= 0;
		if
		:: lookers_none && brisk && woken && RISEN == risen
		:: lookers_none && !(brisk && woken && RISEN == risen) ->
#ifdef LATE
			wake_sleeper();
			risen = RISEN;
#else
			risen = RISEN;
			wake_sleeper();
#endif
			woken = sleeps
		:: !lookers_none
		fi
	:: queueing == 0 -> break
	od
}

/* Claims a task without being a looker, as one does that waits for another. */
proctype helper() {
	if
	:: atomic { queued -> HEAD++ }
	:: true
	fi
}

init {
	atomic { run worker(0); run worker(1); run client(); run helper() };
	/* When nothing can happen any more. */
	timeout;
	assert(!(queued && (waiting[0] || waiting[1])))
}
