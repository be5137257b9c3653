// SPDX-License-Identifier: MIT
#include "harness/campaign/board.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <new>
#include <utility>

namespace selfconnect {

namespace {

Result<void*> map(int fd) {
  void* memory = mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (memory == MAP_FAILED) return std::unexpected(errno_error("mmap"));
  return memory;
}

}  // namespace

std::uint64_t Board::all_runs() const {
  std::uint64_t all = 0;
  for (const WorkerCell& worker : workers) all += worker.runs;
  return all;
}

std::uint64_t Board::all_judged() const {
  std::uint64_t all = 0;
  for (const WorkerCell& worker : workers) all += worker.judged;
  return all;
}

Result<SharedBoard> SharedBoard::create() {
  UniqueFd fd(memfd_create("selfconnect-fuzz", MFD_CLOEXEC));
  if (!fd) return std::unexpected(errno_error("memfd_create"));
  if (ftruncate(fd.get(), sizeof(Board)) != 0) return std::unexpected(errno_error("ftruncate"));
  auto memory = map(fd.get());
  if (!memory) return std::unexpected(memory.error());
  return SharedBoard(std::move(fd), new (*memory) Board);
}

Result<SharedBoard> SharedBoard::attach(UniqueFd fd) {
  struct stat status{};
  if (fstat(fd.get(), &status) != 0) return std::unexpected(errno_error("fstat"));
  if (static_cast<std::size_t>(status.st_size) != sizeof(Board))
    return std::unexpected(error("the shared memory is not of this version"));
  auto memory = map(fd.get());
  if (!memory) return std::unexpected(memory.error());
  return SharedBoard(std::move(fd), static_cast<Board*>(*memory));
}

SharedBoard::SharedBoard(SharedBoard&& other) noexcept
    : fd_(std::move(other.fd_)), board_(std::exchange(other.board_, nullptr)) {}

SharedBoard::~SharedBoard() {
  if (board_ != nullptr) munmap(board_, sizeof(Board));
}

}  // namespace selfconnect
