# Sourced by Tools/talk and Tools/test: Debian packages, and a toolchain that is there.

# What building and running need.
run_packages=(libopenblas-dev libsndfile1-dev libsamplerate0-dev libpulse-dev libcairo2-dev
  fonts-dejavu-core pkg-config)

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# Installs those of the named packages that are missing.
install_packages() {
  local package missing=()
  for package in "$@"; do
    dpkg -s "$package" 2>/dev/null | grep -q '^Status: install ok installed' ||
      missing+=("$package")
  done
  if [ ${#missing[@]} -gt 0 ]; then
    as_root apt-get update -qq
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "${missing[@]}"
  fi
}

require_swift() {
  command -v swift >/dev/null || {
    echo "$0: no swift on the PATH; install Swift 6.2 or later from swift.org" >&2
    exit 1
  }
}
