#pragma once

// Runs the esscher program as a user would, in a folder of its own.

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace esscher::cli {

/// A command line, without the program's name.
using Words = std::vector<std::string>;

inline Words with(Words words, const Words& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

struct Outcome {
  int exit_code = -1;
  std::string out;
  std::string err;
};

inline std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// A folder that goes with the test.
class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "esscher-cli-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make a folder");
    path_ = name;
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  void write(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name, std::ios::binary) << text;
  }

 private:
  std::filesystem::path path_;
};

/// \p arguments go to the program as they are: no shell comes between. Standard input is the
/// folder's file `stdin`, where there is one.
/// \param interrupt_after  seconds, then SIGINT; 0: never
inline Outcome run(const std::vector<std::string>& arguments, const Folder& folder,
                   unsigned interrupt_after = 0) {
  Folder logs;
  const std::string out = (logs.path() / "out").string();
  const std::string err = (logs.path() / "err").string();
  std::vector<std::string> words{ESSCHER_PROGRAM};
  words.insert(words.end(), arguments.begin(), arguments.end());
  const pid_t child = fork();
  if (child < 0) throw std::runtime_error("cannot fork");
  if (child == 0) {
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    const int to_out = open(out.c_str(), O_WRONLY | O_CREAT, 0600);
    const int to_err = open(err.c_str(), O_WRONLY | O_CREAT, 0600);
    if (chdir(folder.path().c_str()) != 0 || dup2(to_out, 1) < 0 || dup2(to_err, 2) < 0) _exit(126);
    const int from = open("stdin", O_RDONLY);
    if (from >= 0) dup2(from, 0);
    execv(argv[0], argv.data());
    _exit(127);
  }
  if (interrupt_after > 0) {
    sleep(interrupt_after);
    kill(child, SIGINT);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, read_file(out), read_file(err)};
}

}  // namespace esscher::cli
