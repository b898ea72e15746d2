// Accepted reasons for skipped tests in CI, which runs as root. Any other skip fails the run.
const NO_RECONNECT = 'QEMU that cannot connect a running machine, as in Debian 12';
const NO_OTHER_USER = 'no other user may read the checkout';

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
  {
    file: /named\/network\/ports/,
    test: /passt that has pesto/,
    reason: 'passt without pesto, which came in 2026',
  },
  {
    file: /integration\/network\/plan\/network/,
    test: /^'passt-vhost-user'$/,
    reason: 'passt without --vhost-user',
    // There is no such test where nothing is skipped.
    existsWhereSkipped: true,
  },
  { file: /machines\/isolation/, test: /passt over vhost-user$/, reason: 'passt without --vhost-user' },
  {
    file: /keeper\/keeper-helper/,
    test: /is started when 'QEMU connects'/,
    reason: 'QEMU without reconnect-ms, as in Ubuntu 24.04',
  },
  { file: /networks\/connect/, reason: NO_RECONNECT },
  {
    file: /networks\/names/,
    test: /^(a member that has left its networks|ssh knows a machine by its present names)/,
    reason: NO_RECONNECT,
  },
  { file: /systems\/debian-networks/, test: /once the last is connected$/, reason: NO_RECONNECT },
  {
    file: /bin\/command-file/,
    test: /^the command compiled code /,
    reason: 'Node that keeps compiled code itself, from 22.1',
  },
  {
    file: /scripts\/guards/,
    test: /of an ordinary user in CI/,
    reason: 'no user namespaces, or a checkout that other users cannot read',
  },
  { file: /hardening\/users/, test: /^leaves nothing that another user/, reason: NO_OTHER_USER },
  { file: /hardening\/networks/, test: /^lets no other user/, reason: NO_OTHER_USER },
  { file: /machine\/limits/, reason: 'no systemd, no other user, or no cgroups of version 2' },
  { file: /hosts\/hosts/, test: /of podman/, reason: 'podman is not installed' },
  { file: /hosts\/kvm/, reason: 'no KVM, or one that runs everything' },
];
