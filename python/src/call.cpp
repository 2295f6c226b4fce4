#include "call.h"

#include <string_view>

#include "errors.h"

namespace esscher::python {

RunRecord run_of(const Call& call) {
  RunRecord run;
  run.command = call.first;
  run.options = call.second;
  run.words = [](std::string_view sentence) { return in_python_words(sentence); };
  run.detailed = true;
  return run;
}

}  // namespace esscher::python
