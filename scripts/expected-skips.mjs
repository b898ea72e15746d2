// Accepted reasons for skipped tests in CI, which runs as root. Any other skip fails the run.
export const expectedSkips = [
  { file: /systems\/rpm-guest/, reason: 'takes minutes: VMLET_TEST_RPM_GUEST=1' },
  { file: /confine-program-root/, test: /^as 'an ordinary user'/, reason: 'what only root can lose' },
  {
    file: /confine-program-root/,
    test: /^as 'root' .*give an ordinary user no other/,
    reason: 'root becomes others',
  },
  {
    file: /image-build-rpm/,
    test: /needs no root/,
    reason: 'no ordinary user with subordinate ids may read the checkout',
  },
  { file: /micro\/images/, test: /the store cannot be written/, reason: 'root may do it' },
  { file: /ports\/host-port/, test: /rejects a low port/, reason: 'root may do it' },
  { file: /host\/host-files/, test: /may not be opened by this user/, reason: 'root may do it' },
  { file: /files\/make-directories/, test: /closed to this user/, reason: 'root may do it' },
  { file: /network\/ports/, test: /passt that has pesto/, reason: 'passt without pesto, which came in 2026' },
  { file: /e2e\/hosts/, test: /of podman/, reason: 'podman is not installed' },
  { file: /hosts\/kvm/, reason: 'no KVM, or one that runs everything' },
];
