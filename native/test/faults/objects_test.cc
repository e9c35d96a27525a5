// Processes that are killed at every step of what they do to one object of each kind; and whoever sweeps them
// is killed at every step of that. The object is whole afterwards, nobody who lives waits in vain, and
// nothing is left.
#include "killed.h"

namespace heddle::test {

namespace {

namespace Mutex = layout::Mutex;
namespace Semaphore = layout::Semaphore;
namespace Event = layout::Event;
namespace Barrier = layout::Barrier;

TEST_F(DeathsTest, Mutex) {
  Handle mutex = create(Kind::MUTEX);
  everywhere([&](unsigned seed, int64_t step, int64_t sweeper_step) {
    core().words()[mutex + Cell::STATE] = 0;
    Random setup(seed);
    // Held by the parent, or by nobody, when it begins.
    bool mine =
        setup() % 2 == 0 && main()->mutex_acquire(mutex, WaiterMode::LOOP, kForEver) == Outcome::GRANTED;
    if (mine) {
      for (unsigned i = setup() % 3; i > 0; i--) {
        wait_for(main()->mutex_acquire(mutex, WaiterMode::LOOP, kForEver));
      }
    }
    const bool killed = play(step, sweeper_step, {mutex}, [&](Isolate& isolate) {
      Random random(seed);
      std::set<int32_t> tickets;
      for (int i = 0; i < kOperations; i++) {
        const auto choice = random() % 5;
        if (diary_->count > 0 && choice < 3) {
          diary_->about_to = -1;
          isolate.unlock(mutex);
          diary_->count -= 1;
        } else if (choice < 2) {
          diary_->about_to = 1;
          const int32_t begun = isolate->mutex_acquire(mutex, WaiterMode::LOOP, kForEver);
          if (is_ticket(begun)) tickets.insert(begun);
          if (begun == Outcome::GRANTED) diary_->count += 1;
        } else if (choice < 4) {
          diary_->about_to = 1;
          if (isolate.lock(mutex, 0.01) == Outcome::GRANTED) diary_->count += 1;
        } else if (!tickets.empty()) {
          diary_->about_to = 1;
          if (isolate->cancel(*tickets.begin()) == Outcome::GRANTED) diary_->count += 1;
          tickets.erase(tickets.begin());
        } else if (diary_->count == 0 && random() % 2 == 0) {
          // What the parent holds, somebody else may give back.
          diary_->about_to = 2;
          if ((isolate->words()[mutex + Cell::STATE] & Mutex::LOCKED) != 0)
            (void)isolate->mutex_release(mutex);
        }
        for (const Ready& ready : isolate.drain()) {
          tickets.erase(ready.ticket);
          if (ready.outcome == Outcome::GRANTED) diary_->count += 1;
        }
        diary_->about_to = 0;
      }
    });
    check_lists(mutex, {Cell::WAITERS});
    EXPECT_EQ((state(mutex) & Mutex::PARKED) != 0, word(mutex, Cell::WAITERS) != 0);
    // The dead held it, and it went on to somebody else, who is warned.
    if (killed && diary_->count > 0 && diary_->about_to == 0) {
      EXPECT_NE(state(mutex) & Mutex::OWNER_DIED, 0);
    }
    // Everybody who waits gets it, one after the other.
    if (mine && (state(mutex) & Mutex::LOCKED) != 0 && waiting_.size() == linked(mutex).size())
      main().unlock(mutex);
    for (size_t left = waiting_.size(); left > 0; left--) {
      const std::vector<Ready> ready = heard();
      EXPECT_EQ(ready.size(), 1U);
      if (ready.size() != 1) break;
      EXPECT_EQ(ready[0].outcome, Outcome::GRANTED);
      EXPECT_EQ(state(mutex) >> Mutex::OWNER_SHIFT, main()->self());
      main().unlock(mutex);
    }
    EXPECT_EQ(main().lock(mutex, 0), Outcome::GRANTED);
    main().unlock(mutex);
    return killed;
  });
}

TEST_F(DeathsTest, Semaphore) {
  Handle semaphore = create(Kind::SEMAPHORE);
  everywhere([&](unsigned seed, int64_t step, int64_t sweeper_step) {
    Random setup(seed);
    const auto permits = static_cast<int32_t>(setup() % 3);
    core().words()[semaphore + Cell::STATE] = permits << Semaphore::VALUE_SHIFT;
    if (permits == 0) {
      for (unsigned i = setup() % 3; i > 0; i--) {
        wait_for(main()->semaphore_acquire(semaphore, WaiterMode::LOOP, kForEver));
      }
    }
    const bool killed = play(step, sweeper_step, {semaphore}, [&](Isolate& isolate) {
      Random random(seed);
      std::set<int32_t> tickets;
      // `count`: released less taken, as far as the calls have returned. `about_to`: what they may have done.
      const auto took = [&](OutcomeCode outcome) {
        if (outcome == Outcome::GRANTED) diary_->count -= 1;
      };
      for (int i = 0; i < kOperations; i++) {
        switch (random() % 5) {
          case 0: {
            diary_->about_to = -1;
            const int32_t begun = isolate->semaphore_acquire(semaphore, WaiterMode::LOOP, kForEver);
            if (is_ticket(begun)) tickets.insert(begun);
            took(begun);
            break;
          }
          case 1:
            diary_->about_to = -1;
            took(isolate.finish(isolate->semaphore_acquire(semaphore, WaiterMode::THREAD, 0.01), 0.01));
            break;
          case 2:
            if (tickets.empty()) break;
            diary_->about_to = -1;
            took(isolate->cancel(*tickets.begin()));
            tickets.erase(tickets.begin());
            break;
          default: {
            const auto count = static_cast<int32_t>(1 + random() % 2);
            diary_->about_to = count;
            EXPECT_EQ(isolate->semaphore_release(semaphore, count), Outcome::OK);
            diary_->count += count;
          }
        }
        // At most two are told at a time.
        diary_->about_to = -2;
        for (const Ready& ready : isolate.drain()) {
          tickets.erase(ready.ticket);
          took(ready.outcome);
        }
        diary_->about_to = 0;
      }
    });
    check_lists(semaphore, {Cell::WAITERS});
    EXPECT_EQ((state(semaphore) & Semaphore::PARKED) != 0, word(semaphore, Cell::WAITERS) != 0);
    int32_t left = state(semaphore) >> Semaphore::VALUE_SHIFT;
    if (!waiting_.empty() && word(semaphore, Cell::WAITERS) != 0) {
      EXPECT_EQ(left, 0);
    }
    left += static_cast<int32_t>(heard().size());
    const int32_t expected = permits + diary_->count;
    const int32_t about_to = killed || sweeper_step != 0 ? diary_->about_to.load() : 0;
    EXPECT_GE(left, expected + std::min(about_to, 0));
    EXPECT_LE(left, expected + std::max(about_to, 0));
    const auto still = static_cast<int32_t>(waiting_.size());
    if (still > 0) {
      EXPECT_EQ(main()->semaphore_release(semaphore, still), Outcome::OK);
    }
    EXPECT_EQ(heard().size(), static_cast<size_t>(still));
    return killed;
  });
}

TEST_F(DeathsTest, Event) {
  Handle event = create(Kind::EVENT);
  everywhere([&](unsigned seed, int64_t step, int64_t sweeper_step) {
    core().words()[event + Cell::STATE] = 0;
    Random setup(seed);
    for (unsigned i = setup() % 4; i > 0; i--)
      wait_for(main()->event_wait(event, WaiterMode::LOOP, kForEver));
    const bool killed = play(step, sweeper_step, {event}, [&](Isolate& isolate) {
      Random random(seed);
      std::set<int32_t> tickets;
      for (int i = 0; i < kOperations; i++) {
        switch (random() % 5) {
          case 0: {
            const int32_t begun = isolate->event_wait(event, WaiterMode::LOOP, kForEver);
            if (is_ticket(begun)) tickets.insert(begun);
            break;
          }
          case 1:
            (void)isolate.finish(isolate->event_wait(event, WaiterMode::THREAD, 0.01), 0.01);
            break;
          case 2:
            if (tickets.empty()) break;
            (void)isolate->cancel(*tickets.begin());
            tickets.erase(tickets.begin());
            break;
          case 3:
            isolate->event_set(event);
            diary_->count += 1;
            break;
          default:
            arena().word(event + Cell::STATE).fetch_and(~Event::SET);
        }
        for (const Ready& ready : isolate.drain()) tickets.erase(ready.ticket);
      }
    });
    check_lists(event, {Cell::WAITERS});
    EXPECT_EQ((state(event) & Event::PARKED) != 0, word(event, Cell::WAITERS) != 0);
    if ((state(event) & Event::SET) != 0 || diary_->count > 0) {
      EXPECT_EQ(word(event, Cell::WAITERS), 0);
    }
    main()->event_set(event);
    (void)heard();
    EXPECT_TRUE(waiting_.empty());
    EXPECT_EQ(state(event), Event::SET);
    return killed;
  });
}

TEST_F(DeathsTest, Condition) {
  Handle condition = create(Kind::CONDITION);
  everywhere([&](unsigned seed, int64_t step, int64_t sweeper_step) {
    Random setup(seed);
    const auto waiters = setup() % 4;
    for (unsigned i = 0; i < waiters; i++) wait_for(main()->condition_enqueue(condition, WaiterMode::LOOP));
    const bool killed = play(step, sweeper_step, {condition}, [&](Isolate& isolate) {
      Random random(seed);
      std::set<int32_t> tickets;
      for (int i = 0; i < kOperations; i++) {
        switch (random() % 4) {
          case 0:
            tickets.insert(isolate->condition_enqueue(condition, WaiterMode::LOOP));
            break;
          case 1:
            (void)isolate.finish(isolate->condition_enqueue(condition, WaiterMode::THREAD), 0.01);
            break;
          case 2:
            if (tickets.empty()) break;
            (void)isolate->cancel(*tickets.begin());
            tickets.erase(tickets.begin());
            break;
          default:
            isolate->condition_notify(condition, static_cast<int32_t>(random() % 3));
        }
        for (const Ready& ready : isolate.drain()) tickets.erase(ready.ticket);
      }
    });
    check_lists(condition, {Cell::WAITERS});
    (void)heard();
    const size_t left = waiting_.size();
    EXPECT_EQ(main()->condition_notify(condition, 100), static_cast<int32_t>(left));
    EXPECT_EQ(heard().size(), left);
    return killed;
  });
}

TEST_F(DeathsTest, Barrier) {
  constexpr int32_t kParties = 3;
  Handle barrier = create(Kind::BARRIER);
  core().words()[barrier + Barrier::PARTIES] = kParties;
  everywhere([&](unsigned seed, int64_t step, int64_t sweeper_step) {
    Random setup(seed);
    for (unsigned i = setup() % kParties; i > 0; i--) {
      wait_for(main()->barrier_arrive(barrier, WaiterMode::LOOP, kForEver));
    }
    const bool killed = play(step, sweeper_step, {barrier}, [&](Isolate& isolate) {
      Random random(seed);
      for (int i = 0; i < kOperations; i++) {
        const auto choice = random() % 16;
        OutcomeOrTicket begun = 0;
        if (choice < 12) {
          begun = isolate->barrier_arrive(barrier, WaiterMode::LOOP, kForEver);
        } else if (choice < 13) {
          begun = isolate.finish(isolate->barrier_arrive(barrier, WaiterMode::THREAD, 0.01), 0.01);
        } else if (choice < 14) {
          isolate->barrier_break(barrier);
        } else {
          isolate->barrier_reset(barrier);
        }
        bool last = begun == Outcome::LAST;
        for (const Ready& ready : isolate.drain()) last = last || ready.outcome == Outcome::LAST;
        if (last && random() % 2 == 0) {
          // Arrivals of the next round.
          for (unsigned more = random() % 4; more > 0; more--) {
            (void)isolate->barrier_arrive(barrier, WaiterMode::LOOP, kForEver);
          }
        }
        if (last) isolate->barrier_release(barrier);
      }
    });
    check_lists(barrier, {Cell::WAITERS, Barrier::ENTRY});
    EXPECT_EQ(word(barrier, Barrier::ACTION_SLOT), 0);
    EXPECT_EQ(static_cast<size_t>(word(barrier, Barrier::COUNT)), linked(barrier).size());
    EXPECT_EQ(word(barrier, Barrier::ENTRY), 0);
    main()->barrier_reset(barrier);
    (void)heard();
    EXPECT_TRUE(waiting_.empty());
    // A round of its own.
    for (int i = 1; i < kParties; i++) wait_for(main()->barrier_arrive(barrier, WaiterMode::LOOP, kForEver));
    EXPECT_EQ(main()->barrier_arrive(barrier, WaiterMode::LOOP, kForEver), Outcome::LAST);
    main()->barrier_release(barrier);
    for (const Ready& ready : heard()) EXPECT_EQ(ready.outcome, Outcome::GRANTED);
    EXPECT_TRUE(waiting_.empty());
    return killed;
  });
}

TEST_F(DeathsTest, References) {
  Handle lock = create(Kind::MUTEX);
  everywhere([&](unsigned seed, int64_t step, int64_t sweeper_step) {
    const bool killed = play(step, sweeper_step, {lock}, [&](Isolate& isolate) {
      Random random(seed);
      std::vector<Handle> mine;
      for (int i = 0; i < kOperations; i++) {
        if (!mine.empty() && random() % 2 == 0) {
          isolate->disown(mine.back());
          mine.pop_back();
          continue;
        }
        const int32_t kinds[] = {Kind::EVENT, Kind::CONDITION, Kind::VALUE};
        const int32_t kind = kinds[random() % 3];
        mine.push_back(isolate->create(kind));
        if (kind == Kind::EVENT) continue;
        // As JavaScript does; between the two the reference is nobody's.
        in_peace([&] {
          const Handle held = mine.size() > 1 && random() % 2 == 0 ? mine[mine.size() - 2] : lock;
          isolate->retain(held);
          isolate->words()[mine.back() +
                           (kind == Kind::CONDITION ? layout::Condition::LOCK : layout::Value::LOCK)] = held;
        });
      }
    });
    EXPECT_EQ(word(lock, Cell::REFS), 1);
    return killed;
  });
}

}  // namespace

}  // namespace heddle::test
