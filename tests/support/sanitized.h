#pragma once

// ESSCHER_TEST_SANITIZED: a sanitizer takes more addresses than a limit leaves, and keeps what is
// given back, so that tests of memory are left out.

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define ESSCHER_TEST_SANITIZED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define ESSCHER_TEST_SANITIZED
#endif
#endif
