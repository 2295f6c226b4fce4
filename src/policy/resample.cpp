#include "esscher/policy/resample.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <utility>

#include "esscher/base/error.h"
#include "esscher/base/memory.h"
#include "esscher/base/number_text.h"
#include "esscher/base/parallel.h"
#include "esscher/base/random.h"
#include "policy/table_cells.h"
#include "policy/tilted_table.h"

namespace esscher {
namespace {

using internal::TableCells;

constexpr std::array<std::pair<ResampleKind, const char*>, 3> kNames = {{
    {ResampleKind::tilted, "tilted"},
    {ResampleKind::best_of_n, "best_of_n"},
    {ResampleKind::soft_best_of_n, "soft_best_of_n"},
}};

/// Uniforms of a draw: for the stratum, the row or its rank, and among ties.
constexpr std::uint64_t kUniforms = 3;

/// Thrown within this file where sorting is to stop.
struct Cancelled {};

/// Asks seldom enough to cost nothing, often enough that nobody waits.
class Poll {
 public:
  explicit Poll(const CancellationToken* token) : token_(token) {}
  void operator()() {
    constexpr std::uint32_t kSteps = 1 << 16;
    if (++steps_ % kSteps == 0) now();
  }
  void now() const {
    if (token_ != nullptr && token_->requested()) throw Cancelled();
  }

 private:
  const CancellationToken* token_;
  std::uint32_t steps_ = 0;
};

/// The tables that all draws of a kind look into; order[j] are rows as in TableCells.
class Urn {
 public:
  virtual ~Urn() = default;
  /// Place in TableCells::order of a draw from [begin, end) of it, made from these uniforms.
  virtual std::size_t draw(std::size_t cell, const RandomStream& stream,
                           std::uint64_t number) const = 0;

 protected:
  /// The first place in [begin, end) at which cumulative weights exceed \p share of the last.
  static std::size_t find(std::span<const double> cumulative, std::size_t begin, std::size_t end,
                          double share) {
    const auto first = cumulative.begin() + static_cast<std::ptrdiff_t>(begin);
    const auto last = cumulative.begin() + static_cast<std::ptrdiff_t>(end);
    const auto at = std::upper_bound(first, last, share * *(last - 1));
    // A share next to 1 may round to the whole, which the last row with weight holds.
    return static_cast<std::size_t>((at == last ? std::lower_bound(first, last, *(last - 1)) : at) -
                                    cumulative.begin());
  }
};

class TiltedUrn final : public Urn {
 public:
  TiltedUrn(const TableCells& cells, const internal::TiltedTable& table, Poll& poll)
      : grouped_(cells.grouped), begin_(cells.begin), cumulative_(table.log_weights()) {
    // One urn for all strata: the weights include their shares.
    if (!grouped_) begin_ = {0, cells.order.size()};
    for (std::size_t c = 0; c + 1 < begin_.size(); ++c) {
      double sum = 0;
      for (std::size_t j = begin_[c]; j < begin_[c + 1]; ++j) {
        poll();
        cumulative_[j] = sum += std::exp(cumulative_[j]);
      }
    }
  }
  std::size_t draw(std::size_t cell, const RandomStream& stream,
                   std::uint64_t number) const override {
    return find(cumulative_, begin_[cell], begin_[cell + 1],
                stream.uniform(kUniforms * number + 1));
  }

 private:
  bool grouped_;
  std::vector<std::size_t> begin_;
  std::vector<double> cumulative_;
};

/// The greatest of n uniforms is U^{1/n}: one uniform finds the level of the best, another the row
/// within it, however large n.
class BestUrn final : public Urn {
 public:
  BestUrn(const TableCells& cells, std::span<const double> r, double n, Poll& poll)
      : grouped_(cells.grouped), n_(n), begin_(cells.begin), sorted_(cells.order.size()) {
    double sum = 0;
    for (const double share : cells.share) shares_.push_back(sum += share);
    for (std::size_t j = 0; j < sorted_.size(); ++j) {
      sorted_[j] = {j, r[cells.order[j]], cells.prior[j], 0};
    }
    for (std::size_t c = 0; c < cells.cells(); ++c) {
      const auto rows = std::span(sorted_).subspan(begin_[c], cells.size(c));
      // Best first: the mass above keeps its digits where large n looks. Rows that pi_0 never takes
      // come last.
      std::ranges::stable_sort(rows, [&](const Row& a, const Row& b) {
        poll();
        return std::pair(a.prior > 0, a.r) > std::pair(b.prior > 0, b.r);
      });
      double above = 0;
      for (Row& row : rows) row.cumulative = above += row.prior;
    }
  }
  std::size_t draw(std::size_t cell, const RandomStream& stream,
                   std::uint64_t number) const override {
    const std::uint64_t first = kUniforms * number;
    if (!grouped_ && shares_.size() > 1) {
      cell = find(shares_, 0, shares_.size(), stream.uniform(first));
    }
    const auto begin = sorted_.begin() + static_cast<std::ptrdiff_t>(begin_[cell]);
    const auto end = sorted_.begin() + static_cast<std::ptrdiff_t>(begin_[cell + 1]);
    // 1 - U^{1/n} from the top.
    const double depth =
        -std::expm1(std::log(stream.uniform(first + 1)) / n_) * (end - 1)->cumulative;
    const auto reaches = [](double value, const Row& row) { return value < row.cumulative; };
    auto at = std::upper_bound(begin, end, depth, reaches);
    if (at == end) --at;
    while (at->prior == 0) --at;
    // Ties: any of the level, by prior weight.
    const auto better = [](const Row& a, const Row& b) {
      return std::pair(a.prior > 0, a.r) > std::pair(b.prior > 0, b.r);
    };
    const auto [low, high] = std::equal_range(begin, end, *at, better);
    if (high - low > 1) {
      const double before = low->cumulative - low->prior;
      const double target = before + stream.uniform(first + 2) * ((high - 1)->cumulative - before);
      at = std::upper_bound(low, high, target, reaches);
      if (at == high) --at;
    }
    return at->place;
  }

 private:
  struct Row {
    std::size_t place = 0;
    double r = 0;
    double prior = 0;
    double cumulative = 0;
  };
  bool grouped_;
  double n_;
  std::vector<std::size_t> begin_;
  std::vector<double> shares_;
  std::vector<Row> sorted_;
};

/// Of the log-weights in [begin, end) the places of the `count` greatest with Gumbel noise.
std::vector<std::size_t> gumbel_top(const TableCells& cells, std::span<const double> log_weights,
                                    std::size_t begin, std::size_t end, std::uint64_t count,
                                    const RandomStream& stream, std::string_view whose,
                                    Poll& poll) {
  std::vector<std::pair<double, std::size_t>> keys;
  for (std::size_t j = begin; j < end; ++j) {
    poll();
    if (cells.prior[j] == 0) continue;
    keys.emplace_back(-(log_weights[j] - std::log(-std::log(stream.uniform(cells.order[j])))), j);
  }
  if (count > keys.size()) {
    throw UsageError(rejection("count", std::to_string(count),
                               std::string(whose) + " has only " + std::to_string(keys.size()) +
                                   (keys.size() == 1 ? " row" : " rows") +
                                   " to draw without replacement",
                               "lower it, or draw with replacement"));
  }
  const auto middle = keys.begin() + static_cast<std::ptrdiff_t>(count);
  std::partial_sort(keys.begin(), middle, keys.end(), [&](const auto& a, const auto& b) {
    poll();
    return a < b;
  });
  std::vector<std::size_t> places;
  for (auto key = keys.begin(); key != middle; ++key) places.push_back(key->second);
  return places;
}

void check(const ResampleOptions& options, std::uint64_t urns) {
  if (options.kind == ResampleKind::best_of_n) {
    if (!(options.n >= 1 && options.n <= 1e15)) {
      throw UsageError(rejection("n", options.n, "must be from 1 to 1e15"));
    }
  } else {
    require_temperature(options.beta, "beta");
  }
  if (options.count == 0) throw UsageError(rejection("count", "0", "must be at least 1"));
  require_memory(saturating_product(saturating_product(options.count, urns), sizeof(ResampledRow)),
                 "count", std::to_string(options.count), "the list of draws", "ask for fewer");
}

}  // namespace

std::string_view resample_kind_name(ResampleKind kind) {
  for (const auto& [known, name] : kNames) {
    if (known == kind) return name;
  }
  throw InternalError("a kind of resampling without a name");
}

ResampleKind parse_resample_kind(std::string_view text, std::string_view field) {
  std::vector<std::string> names;
  for (const auto& [kind, name] : kNames) {
    if (text == name) return kind;
    names.emplace_back(name);
  }
  const std::string nearest = nearest_name(text, names);
  throw UsageError(rejection(field, text, "must be tilted, best_of_n or soft_best_of_n",
                             nearest.empty() ? "" : "did you mean " + nearest + "?"));
}

namespace {

std::vector<ResampledRow> drawn(std::span<const double> r, const TableCells& cells,
                                const ResampleOptions& options) {
  const std::uint64_t urns = cells.grouped ? cells.cells() : 1;
  check(options, urns);
  std::vector<ResampledRow> result;
  const std::uint64_t draws = urns * options.count;
  result.reserve(static_cast<std::size_t>(draws));
  const RandomStream stream(options.seed,
                            "policy/resample/" + std::string(resample_kind_name(options.kind)));
  Callbacks callbacks;
  callbacks.cancellation = options.cancellation;
  const ParallelOptions loop{options.threads, "", callbacks};
  Poll poll(options.cancellation);
  poll.now();
  const auto put = [&](std::uint64_t urn, std::uint64_t draw, std::size_t place) {
    result[urn * options.count + draw] = {static_cast<std::uint32_t>(urn), cells.order[place],
                                          draw};
  };

  if (options.kind == ResampleKind::soft_best_of_n) {
    const std::vector<double> log_weights =
        internal::TiltedTable(cells, r, {r, {}}, options.beta).log_weights();
    result.resize(static_cast<std::size_t>(draws));
    constexpr std::uint64_t kChunk = 64;
    const LoopStatus status =
        parallel_for_chunks(ChunkGrid(urns, kChunk), loop, [&](const Chunk& chunk) {
          Poll own(options.cancellation);
          for (std::uint64_t urn = chunk.begin; urn < chunk.end; ++urn) {
            const std::size_t begin = cells.grouped ? cells.begin[urn] : 0;
            const std::size_t end = cells.grouped ? cells.begin[urn + 1] : cells.order.size();
            const std::string whose = cells.grouped ? "group " + std::to_string(urn) : "the table";
            const std::vector<std::size_t> places =
                gumbel_top(cells, log_weights, begin, end, options.count, stream, whose, own);
            for (std::size_t k = 0; k < places.size(); ++k) put(urn, k, places[k]);
          }
        });
    if (status == LoopStatus::cancelled) throw Cancelled();
    return result;
  }

  const auto draw_all = [&](const Urn& urn) {
    constexpr std::uint64_t kChunk = 1024;
    // Memory is made ready for so many at a time, since to clear all of it may take seconds.
    constexpr std::uint64_t kSlab = 4096 * kChunk;
    for (std::uint64_t begin = 0; begin < draws; begin += kSlab) {
      const std::uint64_t length = std::min(kSlab, draws - begin);
      result.resize(static_cast<std::size_t>(begin + length));
      const LoopStatus status =
          parallel_for_chunks(ChunkGrid(length, kChunk), loop, [&](const Chunk& chunk) {
            for (std::uint64_t i = begin + chunk.begin; i < begin + chunk.end; ++i) {
              const std::uint64_t number = i / options.count;
              const std::uint64_t draw = i % options.count;
              put(number, draw, urn.draw(number, stream.at(number), draw));
            }
          });
      if (status == LoopStatus::cancelled) throw Cancelled();
    }
  };
  if (options.kind == ResampleKind::best_of_n) {
    draw_all(BestUrn(cells, r, options.n, poll));
  } else {
    const internal::TiltedTable table(cells, r, {r, {}}, options.beta);
    poll.now();
    draw_all(TiltedUrn(cells, table, poll));
  }
  return result;
}

}  // namespace

std::vector<ResampledRow> resample(std::span<const double> r, const TableReference& reference,
                                   const ResampleOptions& options) {
  internal::require_rewards(r, "proxy reward", reference.rows);
  try {
    return drawn(r, internal::table_cells(reference), options);
  } catch (const Cancelled&) {
    return {};
  }
}

}  // namespace esscher
