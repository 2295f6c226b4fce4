#include "esscher/base/callbacks.h"

#include <gtest/gtest.h>

#include <csignal>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace esscher {
namespace {

TEST(CancellationToken, StartsUnrequestedAndCanBeReset) {
  CancellationToken token;
  EXPECT_FALSE(token.requested());
  token.request();
  EXPECT_TRUE(token.requested());
  token.reset();
  EXPECT_FALSE(token.requested());
}

CancellationToken signalled;

TEST(CancellationToken, CanBeRequestedFromASignalHandler) {
  signalled.reset();
  const auto previous = std::signal(SIGUSR1, [](int) { signalled.request(); });
  ASSERT_EQ(std::raise(SIGUSR1), 0);
  std::signal(SIGUSR1, previous);
  EXPECT_TRUE(signalled.requested());
}

TEST(CancellationScope, InterruptsItsOwnThreadWhileItLives) {
  CancellationToken token;
  checkpoint();
  {
    const CancellationScope scope(&token);
    checkpoint();
    token.request();
    EXPECT_THROW(checkpoint(), Interrupted);
    {
      const CancellationScope deaf(nullptr);
      checkpoint();
    }
    EXPECT_TRUE(CancellationScope::cancelled());
    bool elsewhere = true;
    std::thread([&] { elsewhere = CancellationScope::cancelled(); }).join();
    EXPECT_FALSE(elsewhere);
  }
  checkpoint();
}

TEST(Callbacks, AreAllOptional) {
  const Callbacks none;
  EXPECT_FALSE(none.cancelled());
  none.write(LogLevel::info, "nobody listens");
}

TEST(Callbacks, PassOnLogLinesAndRequests) {
  std::vector<std::pair<LogLevel, std::string>> lines;
  CancellationToken token;
  Callbacks callbacks;
  callbacks.log = [&](LogLevel level, std::string_view line) { lines.emplace_back(level, line); };
  callbacks.cancellation = &token;
  callbacks.write(LogLevel::warning, "few samples");
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0], std::pair(LogLevel::warning, std::string("few samples")));
  EXPECT_FALSE(callbacks.cancelled());
  token.request();
  EXPECT_TRUE(callbacks.cancelled());
}

}  // namespace
}  // namespace esscher
