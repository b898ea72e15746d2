/**
 * Mutation testing of the pure core, by the unit tests alone (`npm run mutation`; CONTRIBUTING.md has the score).
 * Mutants of what runs as a file is loaded are tested too (no `ignoreStatic`): tables of names and numbers are such.
 */
export default {
  testRunner: 'vitest',
  plugins: ['@stryker-mutator/vitest-runner'],
  vitest: { configFile: 'vitest.mutation.config.ts' },
  coverageAnalysis: 'perTest',
  concurrency: 2,
  incremental: true,
  incrementalFile: 'node_modules/.cache/stryker/incremental.json',
  // Not below node_modules, where vitest takes nothing for a source.
  tempDirName: '.stryker-tmp',
  ignorePatterns: ['dist*', 'coverage', 'bench-results', 'hardening-results', 'test-results', 'release'],
  reporters: ['clear-text', 'progress-append-only'],
  clearTextReporter: { allowColor: false, logTests: false, reportTests: false },
  thresholds: { high: 95, low: 85, break: 85 },
  mutate: [
    'src/machine/spec/*.ts',
    'src/machine/plan/{board,descriptors}.ts',
    'src/machine/survey/plan-machine.ts',
    'src/machine/qemu/*.ts',
    'src/machine/life/{advice,dead-kernel,outcome,out-of-space}.ts',
    'src/machine/screen/{key-names,keys}.ts',
    'src/machine/network/{hosts-text,network-place}.ts',
    'src/network/{card,plan,slirp}/*.ts',
    'src/network/bridge/bridge-conf.ts',
    'src/network/ethernet/{dhcp-message,dhcp-server,frame,frame-stream,subnet,switch}.ts',
    'src/network/ports/{ip-address,pair-forwards,port,port-choices}.ts',
    'src/passt/passt-argv.ts',
    'src/images/formats/cpio.ts',
    'src/images/qemu-img/disk-size.ts',
    'src/guest/agent/{fields,frame,input,output}.ts',
    'src/qmp/wire/{framing,json-grammar,lossless-json}.ts',
    'src/images/qemu-img/option-value.ts',
    'src/process/output/tail.ts',
    'src/util/scope.ts',
    'src/util/{options,system,time}/*.ts',
    'src/cli/flags/flag-values.ts',
    'src/cli/output/duration.ts',
    'src/public/format.ts',
    // They ask QEMU, the system or the package's place.
    '!src/machine/qemu/{embedded-machine,guest-ports,root-port}.ts',
    '!src/network/slirp/slirp-live.ts',
    '!src/util/system/user-name.ts',
    '!src/util/time/parent-watch.ts',
  ],
};
