#include "esscher/base/build_info.h"

#include <hwy/targets.h>

#include "base/build_commit.h"
#include "base/build_settings.h"

namespace esscher {
namespace {

std::string best_instruction_set() {
  // Highway numbers its targets from best to worst, one bit each.
  const auto usable = hwy::SupportedTargets() & HWY_TARGETS;
  return hwy::TargetName(usable & -usable);
}

}  // namespace

const BuildInfo& build_info() {
  static const BuildInfo info{
      .version = ESSCHER_VERSION,
      .commit = ESSCHER_COMMIT,
      .compiler = ESSCHER_COMPILER,
      .build_type = ESSCHER_BUILD_TYPE,
      .instruction_set = best_instruction_set(),
  };
  return info;
}

std::string build_line() {
  const BuildInfo& info = build_info();
  return "esscher " + info.version + " (" + info.commit + ", " + info.compiler + ", " +
         info.build_type + ", " + info.instruction_set + ")";
}

}  // namespace esscher
