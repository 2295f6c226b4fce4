/// A file much larger than memory, fitted as `esscher fit` does it: what it takes in time, in
/// passes over the file and in memory. Makes the file and removes it. Prints Markdown:
///     streaming_fit [GIGABYTES = 10] [COLUMNS = 1024] [FOLDER = .]
/// Features are independent normals, float32; the reward is tanh(2 <theta, x>) and noise of
/// standard deviation 0.3, float32 in a file of its own. `make bench` leaves it out: it is minutes,
/// and a full disk.

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <string>
#include <vector>

#include "esscher/base/build_info.h"
#include "esscher/base/error.h"
#include "esscher/base/parallel.h"
#include "esscher/base/random.h"
#include "esscher/data/dataset.h"
#include "esscher/linalg/gemm.h"
#include "esscher/pipeline/table_training.h"

namespace esscher {
namespace {

using Clock = std::chrono::steady_clock;
constexpr double kMiB = 1024.0 * 1024.0;
constexpr double kGiga = 1e9;

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

/// A line of /proc/self/status, in MiB; 0 where there is none.
double status_mib(const std::string& field) {
  std::ifstream status("/proc/self/status");
  std::string name;
  double kib = 0;
  while (status >> name) {
    if (name == field + ":" && status >> kib) return kib / 1024;
    std::getline(status, name);
  }
  return 0;
}

/// Peak resident memory of the process so far, in MiB.
double peak_mib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

/// A file that goes with this.
class TemporaryFile {
 public:
  explicit TemporaryFile(std::filesystem::path path) : path_(std::move(path)) {
    if (std::filesystem::exists(path_)) {
      throw UsageError(rejection("FOLDER", path_.string(), "is there already", "move it away"));
    }
    file_ = std::fopen(path_.c_str(), "wb");
    if (file_ == nullptr) throw IoError(rejection("FOLDER", path_.string(), "cannot be made"));
  }
  ~TemporaryFile() {
    if (file_ != nullptr) std::fclose(file_);
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  std::string path() const { return path_.string(); }
  template <class T>
  void write(std::span<const T> values) {
    if (std::fwrite(values.data(), sizeof(T), values.size(), file_) != values.size()) {
      throw IoError(rejection("FOLDER", path(), "cannot be written", "is the disk full?"));
    }
  }
  /// Everything is on the disk, and out of the system's cache where it lets go.
  void finish() {
    const bool failed = std::fflush(file_) != 0 || fsync(fileno(file_)) != 0;
    posix_fadvise(fileno(file_), 0, 0, POSIX_FADV_DONTNEED);
    const bool unclosed = std::fclose(file_) != 0;
    file_ = nullptr;
    if (failed || unclosed) throw IoError(rejection("FOLDER", path(), "cannot be written"));
  }

 private:
  std::filesystem::path path_;
  std::FILE* file_ = nullptr;
};

/// The header of an npy file of float32 in C order.
std::string npy_header(const std::string& shape) {
  std::string text = "{'descr': '<f4', 'fortran_order': False, 'shape': (" + shape + "), }";
  text.resize((text.size() + 11) / 64 * 64 + 64 - 11, ' ');
  text += '\n';
  const std::size_t size = text.size();
  std::string magic("\x93NUMPY\x01\x00", 8);
  magic += static_cast<char>(size & 255U);
  magic += static_cast<char>(size >> 8U);
  return magic + text;
}

void make_files(TemporaryFile& x_file, TemporaryFile& y_file, std::size_t rows,
                std::size_t columns) {
  constexpr std::size_t kBlock = 4096;
  const RandomStream features(1, "bench/x");
  std::vector<float> theta(columns);
  std::vector<float> noise(rows);
  RandomStream(1, "bench/theta").fill_normal(0, std::span(theta));
  RandomStream(1, "bench/noise").fill_normal(0, std::span(noise));
  double square = 0;
  for (const float value : theta) square += static_cast<double>(value) * value;
  for (float& value : theta) value = static_cast<float>(value / std::sqrt(square));
  const std::string wide = npy_header(std::to_string(rows) + ", " + std::to_string(columns));
  const std::string narrow = npy_header(std::to_string(rows) + ",");
  x_file.write(std::span(wide.data(), wide.size()));
  y_file.write(std::span(narrow.data(), narrow.size()));
  Matrix<float> x(kBlock, columns);
  std::vector<float> y(kBlock);
  for (std::size_t begin = 0; begin < rows; begin += kBlock) {
    const std::size_t count = std::min(kBlock, rows - begin);
    parallel_for_chunks(ChunkGrid(count, 256), {}, [&](const Chunk& chunk) {
      for (std::uint64_t i = chunk.begin; i < chunk.end; ++i) {
        const std::span<float> row = x.row(i);
        features.fill_normal((begin + i) * columns, row);
        const double index = std::inner_product(row.begin(), row.end(), theta.begin(), 0.0);
        y[i] =
            static_cast<float>(std::tanh(2 * index) + 0.3 * static_cast<double>(noise[begin + i]));
      }
    });
    x_file.write(std::span<const float>(x.data(), count * columns));
    y_file.write(std::span<const float>(y.data(), count));
  }
  x_file.finish();
  y_file.finish();
}

/// Bytes a second of one reader, front to back.
double read_rate(const std::string& path) {
  std::vector<char> buffer(std::size_t{8} << 20);
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) throw IoError(rejection("FOLDER", path, "cannot be read"));
  const auto begin = Clock::now();
  double bytes = 0;
  for (ssize_t got = 1; got > 0; bytes += static_cast<double>(got)) {
    got = read(file, buffer.data(), buffer.size());
  }
  const double seconds = seconds_since(begin);
  close(file);
  return bytes / seconds;
}

/// Double precision products a second, all cores at it at once, in flops.
double product_rate() {
  constexpr std::size_t kSide = 1024;
  constexpr std::size_t kTimes = 16;
  const Matrix<double> a(kSide, kSide, 1.0);
  const auto begin = Clock::now();
  parallel_for_chunks(ChunkGrid(kTimes, 1), {}, [&](const Chunk&) {
    Matrix<double> c(kSide, kSide);
    gemm(Operand::plain, a.view(), Operand::plain, a.view(), 0.0, c.view());
  });
  return 2.0 * kTimes * std::pow(kSide, 3) / seconds_since(begin);
}

/// Counts the rows that are asked for.
class CountedRows final : public FeatureRows {
 public:
  explicit CountedRows(const FeatureRows& rows) : rows_(rows) {}
  std::uint64_t rows() const override { return rows_.rows(); }
  std::size_t columns() const override { return rows_.columns(); }
  void gather(std::span<const std::uint64_t> rows, MatrixView<double> out) const override {
    gathered_.fetch_add(rows.size(), std::memory_order_relaxed);
    rows_.gather(rows, out);
  }
  double passes() const {
    return static_cast<double>(gathered_.load(std::memory_order_relaxed)) /
           static_cast<double>(rows_.rows());
  }

 private:
  const FeatureRows& rows_;
  mutable std::atomic<std::uint64_t> gathered_ = 0;
};

/// One part of the fit: time, passes and the most memory seen at its progress calls.
struct Part {
  std::string name;
  double seconds = 0;
  double passes = 0;
  double anonymous = 0;  ///< MiB
  double mapped = 0;     ///< MiB
};

/// Puts time and passes down to the stage that ends them.
class Parts {
 public:
  explicit Parts(const CountedRows& rows) : rows_(rows) {}
  void progress(std::string_view stage) {
    if (parts_.empty() || parts_.back().name != stage) {
      const auto found = std::ranges::find(parts_, stage, &Part::name);
      // The stage at work comes last; the table is printed by first appearance.
      if (found == parts_.end()) {
        order_.emplace_back(stage);
        parts_.push_back({std::string(stage)});
      } else {
        std::rotate(found, found + 1, parts_.end());
      }
    }
    Part& part = parts_.back();
    part.seconds += seconds_since(last_);
    part.passes += rows_.passes() - passes_;
    part.anonymous = std::max(part.anonymous, status_mib("RssAnon"));
    part.mapped = std::max(part.mapped, status_mib("RssFile"));
    last_ = Clock::now();
    passes_ = rows_.passes();
  }
  std::vector<Part> parts() const {
    std::vector<Part> result;
    for (const std::string& name : order_) {
      result.push_back(*std::ranges::find(parts_, name, &Part::name));
    }
    return result;
  }

 private:
  const CountedRows& rows_;
  std::vector<Part> parts_;
  std::vector<std::string> order_;
  Clock::time_point last_ = Clock::now();
  double passes_ = 0;
};

void run(double gigabytes, std::size_t columns, const std::filesystem::path& folder) {
  const auto rows =
      static_cast<std::size_t>(gigabytes * kGiga / static_cast<double>(columns * sizeof(float)));
  TemporaryFile x_file(folder / "streaming_fit_x.npy");
  TemporaryFile y_file(folder / "streaming_fit_y.npy");
  auto begin = Clock::now();
  make_files(x_file, y_file, rows, columns);
  const double making = seconds_since(begin);
  const double disk = read_rate(x_file.path());
  const double again = read_rate(x_file.path());
  const double products = product_rate();
  const double before = peak_mib();

  begin = Clock::now();
  DatasetOptions source;
  source.data = x_file.path();
  source.reward = y_file.path();
  const Dataset data = load_dataset(source);
  const CountedRows features(*data.features);
  const RewardTable table{features, data.rewards};
  TrainingOptions options;
  const double sd = reward_sd(table);
  options.deployment_temperatures = {sd, sd / 2};
  const double loading = seconds_since(begin);
  Parts parts(features);
  options.callbacks.progress = [&](const Progress& progress) { parts.progress(progress.stage); };
  std::vector<std::uint64_t> all(rows);
  std::iota(all.begin(), all.end(), std::uint64_t{0});
  begin = Clock::now();
  const TrainedReward reward = train_reward(table, all, options);
  const double fitting = seconds_since(begin);

  std::printf("| part | seconds | passes over the file | anonymous memory | mapped pages |\n");
  std::printf("|---|---|---|---|---|\n");
  std::printf("| make the file | %.1f | | | |\n", making);
  std::printf("| load: rewards and the header | %.1f | | | |\n", loading);
  for (const Part& part : parts.parts()) {
    std::printf("| %s | %.1f | %.2f | %.0f MiB | %.0f MiB |\n", part.name.c_str(), part.seconds,
                part.passes, part.anonymous, part.mapped);
  }
  std::printf("| **fit** | **%.1f** | **%.2f** | peak of both: **%.0f MiB** | |\n", fitting,
              features.passes(), peak_mib());
  std::printf(
      "\n%.3g GB: %zu rows of %zu columns, %zu landmarks, round %zu, %zu readouts for %zu "
      "temperatures. Resident before the fit: at most %.0f MiB. One reader takes the file at %.2f "
      "GB/s, and again at %.2f GB/s; products in double precision: %.0f GFLOP/s on all cores.\n",
      static_cast<double>(rows * columns * sizeof(float)) / kGiga, rows, columns,
      reward.landmarks.rows(), reward.chosen_round, reward.heads.size(), reward.deployments.size(),
      before, disk / kGiga, again / kGiga, products / kGiga);
}

}  // namespace
}  // namespace esscher

int main(int argc, char** argv) {
  try {
    const double gigabytes = argc > 1 ? std::atof(argv[1]) : 10;
    const int columns = argc > 2 ? std::atoi(argv[2]) : 1024;
    if (!(gigabytes >= 0.001 && gigabytes <= 1e4 && columns >= 1 && columns <= 65536)) {
      std::fprintf(stderr, "streaming_fit [GIGABYTES] [COLUMNS] [FOLDER]\n");
      return 64;
    }
    std::printf("Built as %s.\n\n", esscher::build_line().c_str());
    esscher::run(gigabytes, static_cast<std::size_t>(columns), argc > 3 ? argv[3] : ".");
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 70;
  }
}
