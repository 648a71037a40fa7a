#include "app/provenance/hash.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <fstream>
#include <memory>
#include <vector>

#include "zimage/error.h"

namespace zimage::app {
namespace {

constexpr std::uintmax_t kMiB = 1024 * 1024;
constexpr std::uintmax_t kWholeLimit = 64 * kMiB;

/// A SHA-256 hash in the making. Errors: kRuntime if libcrypto doesn't have it.
class Sha256 {
 public:
  Sha256() : context_(EVP_MD_CTX_new(), EVP_MD_CTX_free) {
    if (!context_ || EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) != 1) fail();
  }
  void add(const void* data, std::size_t size) {
    if (EVP_DigestUpdate(context_.get(), data, size) != 1) fail();
  }
  std::string hex() {
    std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
    unsigned int length = 0;
    if (EVP_DigestFinal_ex(context_.get(), bytes.data(), &length) != 1) fail();
    static constexpr char kDigits[] = "0123456789abcdef";
    std::string out;
    for (unsigned int i = 0; i < length; ++i) {
      out += kDigits[bytes[i] >> 4U];
      out += kDigits[bytes[i] & 15U];
    }
    return out;
  }

 private:
  [[noreturn]] static void fail() { throw Error(ErrorCode::kRuntime, "SHA-256 is not available in libcrypto"); }
  std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context_;
};

/// Adds `size` bytes from the stream's position to the hash. Errors: kInput.
void add_bytes(Sha256& hash, std::ifstream& in, std::uintmax_t size, const std::filesystem::path& path) {
  std::vector<char> buffer(std::min<std::uintmax_t>(size, kMiB));
  while (size > 0) {
    const auto chunk = static_cast<std::streamsize>(std::min<std::uintmax_t>(size, buffer.size()));
    if (!in.read(buffer.data(), chunk)) throw Error(ErrorCode::kInput, "can't read " + path.string());
    hash.add(buffer.data(), static_cast<std::size_t>(chunk));
    size -= static_cast<std::uintmax_t>(chunk);
  }
}

}  // namespace

std::string sha256(std::span<const std::uint8_t> bytes) {
  Sha256 hash;
  hash.add(bytes.data(), bytes.size());
  return hash.hex();
}

std::string sha256_of_file(const std::filesystem::path& path, const std::function<void()>& before_each) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw Error(ErrorCode::kInput, "can't read " + path.string());
  Sha256 hash;
  std::vector<char> buffer(kMiB);
  while (!in.eof()) {
    before_each();
    in.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
    if (in.bad()) throw Error(ErrorCode::kInput, "can't read " + path.string());
    hash.add(buffer.data(), static_cast<std::size_t>(in.gcount()));
  }
  return hash.hex();
}

FileDigest digest_bytes(std::span<const std::uint8_t> bytes) {
  FileDigest digest;
  digest.size = bytes.size();
  Sha256 hash;
  if (digest.size <= kWholeLimit) {
    hash.add(bytes.data(), bytes.size());
  } else {
    digest.whole = false;
    hash.add(bytes.data(), kMiB);
    hash.add(bytes.data() + bytes.size() - kMiB, kMiB);
  }
  digest.sha256 = hash.hex();
  return digest;
}

FileDigest digest_file(const std::filesystem::path& path) {
  std::error_code status;
  FileDigest digest;
  digest.size = std::filesystem::file_size(path, status);
  std::ifstream in(path, std::ios::binary);
  if (status || !in) throw Error(ErrorCode::kInput, "can't read " + path.string());
  Sha256 hash;
  if (digest.size <= kWholeLimit) {
    add_bytes(hash, in, digest.size, path);
  } else {
    digest.whole = false;
    add_bytes(hash, in, kMiB, path);
    in.seekg(-static_cast<std::streamoff>(kMiB), std::ios::end);
    add_bytes(hash, in, kMiB, path);
  }
  digest.sha256 = hash.hex();
  return digest;
}

}  // namespace zimage::app
