#include "io/unknown_key.h"

#include "esscher/base/error.h"
#include "esscher/base/shown_text.h"

namespace esscher::internal {

std::string array_name(const std::string& file, const std::string& key) {
  return file + "[" + shown(key) + "]";
}

void refuse_unknown_key(std::string_view field, const std::string& key, const std::string& file,
                        const std::vector<std::string>& keys) {
  const std::string nearest = nearest_name(key, keys);
  std::string remedy = nearest.empty() ? "" : "did you mean " + in_quotes(nearest) + "? ";
  remedy += keys.empty() ? "it has none" : "it has " + list_in_quotes(keys);
  throw UsageError(rejection(field, shown(key), file + " has no such array", remedy));
}

}  // namespace esscher::internal
