#include "zimage/version.h"

#include "version_config.h"

namespace zimage {

const char* version() { return ZIMAGE_VERSION; }
const char* git_commit() { return ZIMAGE_GIT_COMMIT; }
const char* commit_date() { return ZIMAGE_COMMIT_DATE; }

}  // namespace zimage
