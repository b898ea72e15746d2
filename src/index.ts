export { launch } from './machine/launch.ts';
export {
  type NamedTemplateOptions,
  type TemplateOptions,
  createTemplate,
} from './machine/fork/create-template.ts';
export { type ForkOptions, Template } from './machine/fork/template.ts';
export { TemporaryTemplate } from './machine/fork/temporary-template.ts';
export { type Pool, type PoolOptions, createPool } from './machine/fork/pool.ts';
export type { ListedTemplate } from './machine/fork/template-shelf.ts';
export { listTemplates, openTemplate, removeTemplate } from './machine/fork/named-templates.ts';
export { type DryRun, dryRun } from './machine/dry-run.ts';
export type { LaunchOptions, PullPolicy } from './machine/spec.ts';
export type { DiskSpec } from './machine/disk-spec.ts';
export type { Plan } from './machine/plan.ts';
export type { Layers } from './process/layers.ts';
export { Machine } from './machine/machine.ts';
export { type CrashedMachine, type StartAgainOptions, crash } from './machine/crash.ts';
export { RunningMachine, type StopOptions, type StopResult } from './machine/running-machine.ts';
export type { StopRung } from './machine/stop.ts';
export { type NetworkOptions, createNetwork } from './machine/network/create-network.ts';
export type { Network, NetworkMember } from './machine/network/network.ts';
export type { NetworkInput, NetworkPlace } from './machine/network/network-place.ts';
export type { NetworkLoss } from './machine/start.ts';
export { GuestConsole } from './machine/console.ts';
export { type OutOfSpace, describeOutOfSpace } from './machine/out-of-space.ts';
export { type Outcome, describeOutcome } from './machine/outcome.ts';
export * from './format.ts';
export type { BoundForward, PortForward, PortInput, PortSpec } from './passt/port.ts';
export { ImageStore, type PullOptions as ImagePullOptions } from './store/image-store.ts';
export type { InspectedImage } from './store/inspect-image.ts';
export type { DiskUsage, UsageEntry, UsageKind } from './store/disk-usage.ts';
export type { FileUsage } from './util/file-usage.ts';
export type { BuildPhase, BuildProgress } from './images/micro.ts';
export type { BuildImageOptions, BuiltImage, ImageBuildOptions } from './machine/build-image-options.ts';
export type { BuildLayerOptions } from './machine/build-layer.ts';
export type { BuildScript } from './images/build/recipe.ts';
export type { DiskImage, DiskLayer, Image, KernelImage } from './images/image.ts';
export type { ImageBuildPhase, ImageProgress, PullPhase } from './images/image-progress.ts';
export type { CloudInitProblem, CloudInitStatus } from './guest/cloud-init-status.ts';
export { cloudInitFailure } from './guest/cloud-init-failure.ts';
export type { SeedFile, SeedOptions } from './guest/seed/options.ts';
export type { ImageList, ListedImage } from './images/store.ts';
export type { PruneOptions, RemovedImages } from './images/remove-image.ts';
export type { NewImageOptions } from './images/pull-url.ts';
export type { GuestOptions } from './images/guest-options.ts';
export {
  EXPORT_FORMATS,
  type ExportFormat,
  type ExportOptions,
  type ExportedImage,
} from './images/export-image.ts';
export type { CatalogueRow } from './images/catalogue/catalogue.ts';
export type { GuestDescription } from './images/guest-description.ts';
export type { ImageOrigin, ImageSource, Verification } from './images/manifest.ts';
export {
  createDisk,
  createOverlay,
  convertDisk,
  resizeDisk,
  rebaseDisk,
  commitDisk,
  measureDisk,
} from './images/qemu-img.ts';
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
} from './images/qemu-img.ts';
export { inspectDisk, inspectChain } from './images/inspect-disk.ts';
export { type CheckDiskOptions, type DiskCheck, checkDisk } from './images/check-disk.ts';
export type { DiskFormat, DiskInfo, DiskSnapshot } from './images/disk-info.ts';
export { listSnapshots, createSnapshot, applySnapshot, deleteSnapshot } from './images/disk-snapshot.ts';
export type { GuestProcess, GuestResult } from './guest/process.ts';
export type { ExecOptions, TerminalOptions, TerminalSize } from './guest/command.ts';
export type { GuestFile, FileAttributes, PullOptions, PushOptions } from './guest/files.ts';
export { QmpClient } from './qmp/index.ts';
export * from './errors.ts';
export { packageVersion } from './machine/package-files.ts';
export { type ExamineHostOptions, type HostReport, examineHost } from './machine/examine-host.ts';
export { type FeatureTable, type HostFeature, missingFeatures } from './host/features.ts';
export type { QemuIsolation } from './host/isolation.ts';
export { type Finding, type FindingItem, diagnose } from './host/diagnosis.ts';
export type { Host, Survey } from './host/host.ts';
export type { Surroundings } from './host/surroundings.ts';
