#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "include/CKernels.h"

// Looks at the job counter this often before sleeping: some tens of microseconds, the time that
// lies between two products of one layer.
enum { CK_SPINS = 2000 };

typedef struct ck_worker {
  ck_pool *pool;
  size_t index;
  pthread_t thread;
} ck_worker;

struct ck_pool {
  size_t threads;
  ck_worker *workers;
  // Held by the caller whose job runs.
  pthread_mutex_t turn;
  // Guards sleepers, stop and the two conditions.
  pthread_mutex_t lock;
  pthread_cond_t wake;
  pthread_cond_t done;
  size_t sleepers;
  // The job: written before `jobs` rises, read after it was seen to rise.
  size_t count;
  void (*body)(void *, size_t, size_t);
  void *context;
  atomic_uint jobs;
  atomic_size_t running;
  atomic_bool stop;
};

// Set while a body runs on this thread, of whichever pool.
static _Thread_local bool ck_inside;

static inline void ck_pause(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

static void ck_share(ck_pool *pool, size_t index) {
  const size_t first = pool->count * index / pool->threads;
  const size_t end = pool->count * (index + 1) / pool->threads;
  if (first < end) {
    ck_inside = true;
    pool->body(pool->context, first, end);
    ck_inside = false;
  }
}

static void *ck_work(void *argument) {
  const ck_worker *const worker = argument;
  ck_pool *const pool = worker->pool;
  unsigned seen = 0;
  for (;;) {
    for (int i = 0; i < CK_SPINS; i++) {
      if (atomic_load_explicit(&pool->jobs, memory_order_acquire) != seen) break;
      ck_pause();
    }
    if (atomic_load_explicit(&pool->jobs, memory_order_acquire) == seen) {
      pthread_mutex_lock(&pool->lock);
      pool->sleepers++;
      while (atomic_load_explicit(&pool->jobs, memory_order_acquire) == seen) {
        pthread_cond_wait(&pool->wake, &pool->lock);
      }
      pool->sleepers--;
      pthread_mutex_unlock(&pool->lock);
    }
    seen++;
    if (atomic_load_explicit(&pool->stop, memory_order_relaxed)) return NULL;
    ck_share(pool, worker->index);
    if (atomic_fetch_sub_explicit(&pool->running, 1, memory_order_acq_rel) == 1) {
      pthread_mutex_lock(&pool->lock);
      pthread_cond_signal(&pool->done);
      pthread_mutex_unlock(&pool->lock);
    }
  }
}

/// Lets the workers see the job that was written.
static void ck_announce(ck_pool *pool) {
  pthread_mutex_lock(&pool->lock);
  atomic_fetch_add_explicit(&pool->jobs, 1, memory_order_release);
  if (pool->sleepers > 0) pthread_cond_broadcast(&pool->wake);
  pthread_mutex_unlock(&pool->lock);
}

/// Ends and joins the first `count` workers and frees the pool.
static void ck_end(ck_pool *pool, size_t count) {
  atomic_store_explicit(&pool->stop, true, memory_order_relaxed);
  ck_announce(pool);
  for (size_t i = 0; i < count; i++) pthread_join(pool->workers[i].thread, NULL);
  pthread_cond_destroy(&pool->done);
  pthread_cond_destroy(&pool->wake);
  pthread_mutex_destroy(&pool->lock);
  pthread_mutex_destroy(&pool->turn);
  free(pool->workers);
  free(pool);
}

ck_pool *ck_pool_create(size_t threads) {
  if (threads < 1) return NULL;
  ck_pool *const pool = calloc(1, sizeof *pool);
  if (!pool) return NULL;
  pool->threads = threads;
  pool->workers = calloc(threads, sizeof *pool->workers);
  if (!pool->workers) {
    free(pool);
    return NULL;
  }
  pthread_mutex_init(&pool->turn, NULL);
  pthread_mutex_init(&pool->lock, NULL);
  pthread_cond_init(&pool->wake, NULL);
  pthread_cond_init(&pool->done, NULL);
  for (size_t i = 0; i + 1 < threads; i++) {
    pool->workers[i] = (ck_worker){.pool = pool, .index = i + 1};
    if (pthread_create(&pool->workers[i].thread, NULL, ck_work, &pool->workers[i]) != 0) {
      ck_end(pool, i);
      return NULL;
    }
  }
  return pool;
}

void ck_pool_destroy(ck_pool *pool) {
  if (pool) ck_end(pool, pool->threads - 1);
}

void ck_pool_run(
    ck_pool *pool, size_t count, void (*body)(void *context, size_t first, size_t end),
    void *context) {
  if (count == 0) return;
  if (count == 1 || pool->threads == 1 || ck_inside) {
    body(context, 0, count);
    return;
  }
  pthread_mutex_lock(&pool->turn);
  pool->count = count;
  pool->body = body;
  pool->context = context;
  atomic_store_explicit(&pool->running, pool->threads - 1, memory_order_relaxed);
  ck_announce(pool);
  ck_share(pool, 0);
  for (int i = 0; i < CK_SPINS; i++) {
    if (atomic_load_explicit(&pool->running, memory_order_acquire) == 0) break;
    ck_pause();
  }
  if (atomic_load_explicit(&pool->running, memory_order_acquire) != 0) {
    pthread_mutex_lock(&pool->lock);
    while (atomic_load_explicit(&pool->running, memory_order_acquire) != 0) {
      pthread_cond_wait(&pool->done, &pool->lock);
    }
    pthread_mutex_unlock(&pool->lock);
  }
  pthread_mutex_unlock(&pool->turn);
}
