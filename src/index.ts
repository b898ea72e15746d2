export { dryRun, launch } from './template/kept/launch-or-fork.ts';
export {
  type NamedTemplateOptions,
  type TemplateOptions,
  createTemplate,
} from './template/create-template.ts';
export type { ForkOptions } from './template/fork-options.ts';
export { Template } from './template/template.ts';
export { TemporaryTemplate } from './template/temporary-template.ts';
export { type Pool, type PoolOptions, createPool } from './template/pool/pool.ts';
export {
  type NamedPool,
  type PoolStatus,
  listPools,
  openPool,
  poolLog,
} from './template/pool/named-pools.ts';
export { type PoolServer, type ServePoolOptions, servePool } from './template/pool/pool-server.ts';
export type { PooledGuest } from './template/pool/pooled-guest.ts';
export type { ListedTemplate } from './template/template-shelf.ts';
export { listTemplates, openTemplate, removeTemplate } from './template/named-templates.ts';
export type { DryRun } from './machine/launch/dry-run.ts';
export type { LaunchOptions } from './machine/spec/launch-options.ts';
export type { PullPolicy } from './machine/spec/machine-options.ts';
export type { DiskSpec } from './machine/spec/disk-spec.ts';
export type { Plan } from './machine/plan/plan.ts';
export type { Layers } from './process/confine/layers.ts';
export { type ForwardedPort, Machine, type MachineOrigin } from './machine/running/machine.ts';
export { type CrashedMachine, type StartAgainOptions, crash } from './machine/launch/crash.ts';
export { RunningMachine, type StopOptions, type StopResult } from './machine/running/running-machine.ts';
export type { StopRung } from './machine/running/escalate-stop.ts';
export type { MemberOptions } from './network/private/membership.ts';
export { type NetworkOptions, createNetwork } from './machine/network/create-network.ts';
export type { Network } from './machine/network/network.ts';
export type { NetworkMember } from './machine/network/attachment.ts';
export type { NamedNetwork } from './machine/network/joined-network.ts';
export type { NetworkInput, NetworkMemberOptions, NetworkPlace } from './machine/network/network-place.ts';
export type { NetworkLoss } from './machine/running/start-processes.ts';
export { GuestConsole } from './machine/life/guest-console.ts';
export { type OutOfSpace, describeOutOfSpace } from './machine/life/out-of-space.ts';
export { type Outcome, describeOutcome } from './machine/life/outcome.ts';
export * from './public/format.ts';
export * from './public/named-options.ts';
export * from './public/options.ts';
export type { CachePolicy, VolumeInput, VolumeSpec, VolumeType } from './machine/mount/volume-spec.ts';
export type { BoundForward, PortForward, PortInput, PortSpec } from './network/ports/port.ts';
export type { Published, SocketForward } from './network/ports/socket-forward.ts';
export { ImageStore, type PullOptions as ImagePullOptions } from './machines/images/image-store.ts';
export type { InspectedImage } from './machines/images/inspect-image.ts';
export type { DiskUsage, UsageEntry, UsageKind } from './machines/images/disk-usage.ts';
export type { FileUsage } from './util/files/file-usage.ts';
export type { BuildPhase, BuildProgress } from './images/micro/micro.ts';
export type {
  BuildImageOptions,
  BuiltImage,
  ImageBuildOptions,
} from './machine/build/build-image-options.ts';
export type { BuildLayerOptions } from './machine/build/build-layer.ts';
export type { BuildScript } from './images/build/recipe.ts';
export type { DiskImage, DiskLayer, Image, KernelImage } from './images/record/image.ts';
export type { ImageBuildPhase, ImageProgress, PullPhase } from './images/pull/image-progress.ts';
export type { CloudInitProblem, CloudInitStatus } from './guest/cloud-init/cloud-init-status.ts';
export { cloudInitFailure } from './guest/cloud-init/cloud-init-failure.ts';
export type { SeedFile, SeedOptions } from './guest/seed/seed-options.ts';
export type { ImageList, ListedImage } from './images/store/store.ts';
export type { PruneOptions, RemovedImages } from './images/store/remove-image.ts';
export type { NewImageOptions } from './images/pull/pull-url.ts';
export type { GuestOptions } from './images/record/guest-options.ts';
export {
  EXPORT_FORMATS,
  type ExportFormat,
  type ExportOptions,
  type ExportedImage,
} from './images/pull/export-image.ts';
export type { CatalogueRow } from './images/catalogue/catalogue.ts';
export type { PublishedImage } from './images/pull/published-image.ts';
export type { GuestDescription } from './images/record/guest-description.ts';
export type { ImageOrigin, ImageSource, Verification } from './images/record/manifest.ts';
export {
  createDisk,
  createOverlay,
  convertDisk,
  resizeDisk,
  rebaseDisk,
  commitDisk,
  measureDisk,
} from './images/qemu-img/qemu-img.ts';
export type {
  ExistingDisk,
  CreateDiskOptions,
  CreateOverlayOptions,
  ConvertDiskOptions,
  ResizeDiskOptions,
  RebaseDiskOptions,
  CommitDiskOptions,
  MeasureDiskOptions,
  DiskMeasure,
} from './images/qemu-img/qemu-img.ts';
export { inspectDisk, inspectChain } from './images/qemu-img/inspect-disk.ts';
export { type CheckDiskOptions, type DiskCheck, checkDisk } from './images/qemu-img/check-disk.ts';
export type { DiskFormat, DiskInfo, DiskSnapshot } from './images/formats/disk-info.ts';
export {
  listSnapshots,
  createSnapshot,
  applySnapshot,
  deleteSnapshot,
} from './images/qemu-img/disk-snapshot.ts';
export type { GuestProcess, GuestResult } from './guest/agent/process.ts';
export type { ExecOptions, TerminalOptions, TerminalSize } from './guest/agent/command.ts';
export type { GuestFile, FileAttributes, PullOptions, PushOptions } from './guest/agent/files.ts';
export { QmpClient } from './qmp/index.ts';
export * from './errors/index.ts';
export { packageVersion } from './machine/paths/package-files.ts';
export type { ExamineHostOptions, HostReport } from './machine/survey/examine-host.ts';
export { examineHost } from './template/pool/examine-host-and-pools.ts';
export { type FeatureTable, type HostFeature, missingFeatures } from './host/findings/features.ts';
export type { QemuIsolation } from './host/findings/isolation.ts';
export { diagnose } from './host/findings/diagnosis.ts';
export type { Finding, FindingItem } from './host/findings/finding.ts';
export type { Host, Survey } from './host/survey/host.ts';
export type { Surroundings } from './host/findings/surroundings.ts';
