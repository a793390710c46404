// SPDX-License-Identifier: BSD-3-Clause
#include "control/cli/lines_file.h"

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <vector>

#include <fcntl.h>
#include <unistd.h>
#include <zlib.h>

namespace sluice::cli {

std::string read_lines_file(const std::string& path) {
    const int fd = path == "-" ? ::dup(STDIN_FILENO) : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) throw std::runtime_error(path + ": " + std::strerror(errno));
    const gzFile file = ::gzdopen(fd, "rb");  // hands plain text through as it is
    if (file == nullptr) {
        ::close(fd);
        throw std::runtime_error(path + ": no memory");
    }
    constexpr unsigned part = 1 << 18;
    ::gzbuffer(file, part);
    std::string text;
    std::vector<char> bytes(part);
    int n = 0;
    while ((n = ::gzread(file, bytes.data(), part)) > 0) {
        text.append(bytes.data(), static_cast<size_t>(n));
    }
    int error = Z_OK;
    const std::string why = n < 0 ? ::gzerror(file, &error) : "";
    ::gzclose(file);
    if (n < 0) throw std::runtime_error(why);
    return text;
}

}  // namespace sluice::cli
