// Generated from query-qmp-schema of QEMU 10.0.13, x86_64. Do not edit. To generate this file again, run `vmlet qmp types` (for the file in vmlet itself, run scripts/generate/qmp-types.ts).

/** QEMU integers have 64 bits; those that a number cannot represent exactly are bigint. */
export type QmpInteger = number | bigint;
/** A value that QEMU returns: one of those known, or one that a newer QEMU added. */
export type QmpOpenEnum<Known extends string> = Known | (string & Record<never, never>);
export type QmpEmpty = Record<string, never>;

export interface QmpCommands {
  'add-fd': { arguments: AddFdArguments; returns: AddFdResult };
  add_client: { arguments: AddClientArguments; returns: QmpEmpty };
  'announce-self': { arguments: AnnounceSelfArguments; returns: QmpEmpty };
  balloon: { arguments: BalloonArguments; returns: QmpEmpty };
  'block-commit': { arguments: BlockCommitArguments; returns: QmpEmpty };
  'block-dirty-bitmap-add': { arguments: BlockDirtyBitmapAddArguments; returns: QmpEmpty };
  'block-dirty-bitmap-clear': { arguments: BlockDirtyBitmapClearArguments; returns: QmpEmpty };
  'block-dirty-bitmap-disable': { arguments: BlockDirtyBitmapClearArguments; returns: QmpEmpty };
  'block-dirty-bitmap-enable': { arguments: BlockDirtyBitmapClearArguments; returns: QmpEmpty };
  'block-dirty-bitmap-merge': { arguments: BlockDirtyBitmapMergeArguments; returns: QmpEmpty };
  'block-dirty-bitmap-remove': { arguments: BlockDirtyBitmapClearArguments; returns: QmpEmpty };
  'block-export-add': { arguments: BlockExportAddArguments; returns: QmpEmpty };
  'block-export-del': { arguments: BlockExportDelArguments; returns: QmpEmpty };
  'block-job-cancel': { arguments: BlockJobCancelArguments; returns: QmpEmpty };
  'block-job-change': { arguments: BlockJobChangeArguments; returns: QmpEmpty };
  'block-job-complete': { arguments: BlockJobCompleteArguments; returns: QmpEmpty };
  'block-job-dismiss': { arguments: BlockJobDismissArguments; returns: QmpEmpty };
  'block-job-finalize': { arguments: BlockJobFinalizeArguments; returns: QmpEmpty };
  'block-job-pause': { arguments: BlockJobPauseArguments; returns: QmpEmpty };
  'block-job-resume': { arguments: BlockJobResumeArguments; returns: QmpEmpty };
  'block-job-set-speed': { arguments: BlockJobSetSpeedArguments; returns: QmpEmpty };
  'block-latency-histogram-set': { arguments: BlockLatencyHistogramSetArguments; returns: QmpEmpty };
  'block-set-write-threshold': { arguments: BlockSetWriteThresholdArguments; returns: QmpEmpty };
  'block-stream': { arguments: BlockStreamArguments; returns: QmpEmpty };
  block_resize: { arguments: BlockResizeArguments; returns: QmpEmpty };
  block_set_io_throttle: { arguments: BlockSetIoThrottleArguments; returns: QmpEmpty };
  'blockdev-add': { arguments: BlockdevAddArguments; returns: QmpEmpty };
  'blockdev-backup': { arguments: BlockdevBackupArguments; returns: QmpEmpty };
  'blockdev-change-medium': { arguments: BlockdevChangeMediumArguments; returns: QmpEmpty };
  'blockdev-close-tray': { arguments: BlockdevCloseTrayArguments; returns: QmpEmpty };
  'blockdev-create': { arguments: BlockdevCreateArguments; returns: QmpEmpty };
  'blockdev-del': { arguments: BlockdevDelArguments; returns: QmpEmpty };
  'blockdev-insert-medium': { arguments: BlockdevInsertMediumArguments; returns: QmpEmpty };
  'blockdev-mirror': { arguments: BlockdevMirrorArguments; returns: QmpEmpty };
  'blockdev-open-tray': { arguments: BlockdevOpenTrayArguments; returns: QmpEmpty };
  'blockdev-remove-medium': { arguments: BlockdevRemoveMediumArguments; returns: QmpEmpty };
  'blockdev-reopen': { arguments: BlockdevReopenArguments; returns: QmpEmpty };
  'blockdev-set-active': { arguments: BlockdevSetActiveArguments; returns: QmpEmpty };
  'blockdev-snapshot': { arguments: BlockdevSnapshotArguments; returns: QmpEmpty };
  'blockdev-snapshot-delete-internal-sync': { arguments: BlockdevSnapshotDeleteInternalSyncArguments; returns: BlockdevSnapshotDeleteInternalSyncResult };
  'blockdev-snapshot-internal-sync': { arguments: BlockdevSnapshotInternalSyncArguments; returns: QmpEmpty };
  'blockdev-snapshot-sync': { arguments: BlockdevSnapshotSyncArguments; returns: QmpEmpty };
  'calc-dirty-rate': { arguments: CalcDirtyRateArguments; returns: QmpEmpty };
  'cancel-vcpu-dirty-limit': { arguments: CancelVcpuDirtyLimitArguments; returns: QmpEmpty };
  'change-backing-file': { arguments: ChangeBackingFileArguments; returns: QmpEmpty };
  'change-vnc-password': { arguments: ChangeVncPasswordArguments; returns: QmpEmpty };
  'chardev-add': { arguments: ChardevAddArguments; returns: ChardevAddResult };
  'chardev-change': { arguments: ChardevChangeArguments; returns: ChardevAddResult };
  'chardev-remove': { arguments: ChardevRemoveArguments; returns: QmpEmpty };
  'chardev-send-break': { arguments: ChardevSendBreakArguments; returns: QmpEmpty };
  client_migrate_info: { arguments: ClientMigrateInfoArguments; returns: QmpEmpty };
  closefd: { arguments: ClosefdArguments; returns: QmpEmpty };
  cont: { arguments: QmpEmpty; returns: QmpEmpty };
  /** @experimental */
  'cxl-add-dynamic-capacity': { arguments: CxlAddDynamicCapacityArguments; returns: QmpEmpty };
  'cxl-inject-correctable-error': { arguments: CxlInjectCorrectableErrorArguments; returns: QmpEmpty };
  'cxl-inject-dram-event': { arguments: CxlInjectDramEventArguments; returns: QmpEmpty };
  'cxl-inject-general-media-event': { arguments: CxlInjectGeneralMediaEventArguments; returns: QmpEmpty };
  'cxl-inject-memory-module-event': { arguments: CxlInjectMemoryModuleEventArguments; returns: QmpEmpty };
  'cxl-inject-poison': { arguments: CxlInjectPoisonArguments; returns: QmpEmpty };
  'cxl-inject-uncorrectable-errors': { arguments: CxlInjectUncorrectableErrorsArguments; returns: QmpEmpty };
  /** @experimental */
  'cxl-release-dynamic-capacity': { arguments: CxlReleaseDynamicCapacityArguments; returns: QmpEmpty };
  'device-list-properties': { arguments: DeviceListPropertiesArguments; returns: readonly DeviceListPropertiesResult[] };
  /** @experimental */
  'device-sync-config': { arguments: DeviceSyncConfigArguments; returns: QmpEmpty };
  device_add: { arguments: DeviceAddArguments; returns: QmpEmpty };
  device_del: { arguments: DeviceDelArguments; returns: QmpEmpty };
  'display-reload': { arguments: DisplayReloadArguments; returns: QmpEmpty };
  'display-update': { arguments: DisplayUpdateArguments; returns: QmpEmpty };
  /** @deprecated */
  'drive-backup': { arguments: DriveBackupArguments; returns: QmpEmpty };
  'drive-mirror': { arguments: DriveMirrorArguments; returns: QmpEmpty };
  'dump-guest-memory': { arguments: DumpGuestMemoryArguments; returns: QmpEmpty };
  dumpdtb: { arguments: DumpdtbArguments; returns: QmpEmpty };
  eject: { arguments: EjectArguments; returns: QmpEmpty };
  expire_password: { arguments: ExpirePasswordArguments; returns: QmpEmpty };
  getfd: { arguments: GetfdArguments; returns: QmpEmpty };
  'human-monitor-command': { arguments: HumanMonitorCommandArguments; returns: string };
  'inject-nmi': { arguments: QmpEmpty; returns: QmpEmpty };
  'input-send-event': { arguments: InputSendEventArguments; returns: QmpEmpty };
  'job-cancel': { arguments: JobCancelArguments; returns: QmpEmpty };
  'job-complete': { arguments: JobCompleteArguments; returns: QmpEmpty };
  'job-dismiss': { arguments: JobDismissArguments; returns: QmpEmpty };
  'job-finalize': { arguments: JobFinalizeArguments; returns: QmpEmpty };
  'job-pause': { arguments: JobPauseArguments; returns: QmpEmpty };
  'job-resume': { arguments: JobResumeArguments; returns: QmpEmpty };
  memsave: { arguments: MemsaveArguments; returns: QmpEmpty };
  migrate: { arguments: MigrateArguments; returns: QmpEmpty };
  'migrate-continue': { arguments: MigrateContinueArguments; returns: QmpEmpty };
  'migrate-incoming': { arguments: MigrateIncomingArguments; returns: QmpEmpty };
  'migrate-pause': { arguments: QmpEmpty; returns: QmpEmpty; outOfBand: true };
  'migrate-recover': { arguments: MigrateRecoverArguments; returns: QmpEmpty; outOfBand: true };
  'migrate-set-capabilities': { arguments: MigrateSetCapabilitiesArguments; returns: QmpEmpty };
  'migrate-set-parameters': { arguments: MigrateSetParametersArguments; returns: QmpEmpty };
  'migrate-start-postcopy': { arguments: QmpEmpty; returns: QmpEmpty };
  migrate_cancel: { arguments: QmpEmpty; returns: QmpEmpty };
  /** @deprecated */
  'nbd-server-add': { arguments: NbdServerAddArguments; returns: QmpEmpty };
  /** @deprecated */
  'nbd-server-remove': { arguments: NbdServerRemoveArguments; returns: QmpEmpty };
  'nbd-server-start': { arguments: NbdServerStartArguments; returns: QmpEmpty };
  'nbd-server-stop': { arguments: QmpEmpty; returns: QmpEmpty };
  netdev_add: { arguments: NetdevAddArguments; returns: QmpEmpty };
  netdev_del: { arguments: NetdevDelArguments; returns: QmpEmpty };
  'object-add': { arguments: ObjectAddArguments; returns: QmpEmpty };
  'object-del': { arguments: ObjectDelArguments; returns: QmpEmpty };
  pmemsave: { arguments: PmemsaveArguments; returns: QmpEmpty };
  qmp_capabilities: { arguments: QmpCapabilitiesArguments; returns: QmpEmpty };
  'qom-get': { arguments: QomGetArguments; returns: unknown };
  'qom-list': { arguments: QomListArguments; returns: readonly DeviceListPropertiesResult[] };
  'qom-list-properties': { arguments: QomListPropertiesArguments; returns: readonly DeviceListPropertiesResult[] };
  'qom-list-types': { arguments: QomListTypesArguments; returns: readonly QomListTypesResult[] };
  'qom-set': { arguments: QomSetArguments; returns: QmpEmpty };
  'query-acpi-ospm-status': { arguments: QmpEmpty; returns: readonly QueryAcpiOspmStatusResult[] };
  'query-audiodevs': { arguments: QmpEmpty; returns: readonly QueryAudiodevsResult[] };
  'query-balloon': { arguments: QmpEmpty; returns: QueryBalloonResult };
  'query-block': { arguments: QmpEmpty; returns: readonly QueryBlockResult[] };
  'query-block-exports': { arguments: QmpEmpty; returns: readonly QueryBlockExportsResult[] };
  'query-block-jobs': { arguments: QmpEmpty; returns: readonly QueryBlockJobsResult[] };
  'query-blockstats': { arguments: QueryBlockstatsArguments; returns: readonly QueryBlockstatsResult[] };
  'query-chardev': { arguments: QmpEmpty; returns: readonly QueryChardevResult[] };
  'query-chardev-backends': { arguments: QmpEmpty; returns: readonly QueryChardevBackendsResult[] };
  'query-colo-status': { arguments: QmpEmpty; returns: QueryColoStatusResult };
  'query-command-line-options': { arguments: QueryCommandLineOptionsArguments; returns: readonly QueryCommandLineOptionsResult[] };
  'query-commands': { arguments: QmpEmpty; returns: readonly QueryCommandsResult[] };
  'query-cpu-definitions': { arguments: QmpEmpty; returns: readonly QueryCpuDefinitionsResult[] };
  'query-cpu-model-expansion': { arguments: QueryCpuModelExpansionArguments; returns: QueryCpuModelExpansionResult };
  'query-cpus-fast': { arguments: QmpEmpty; returns: readonly QueryCpusFastResult[] };
  'query-cryptodev': { arguments: QmpEmpty; returns: readonly QueryCryptodevResult[] };
  'query-current-machine': { arguments: QmpEmpty; returns: QueryCurrentMachineResult };
  'query-dirty-rate': { arguments: QueryDirtyRateArguments; returns: QueryDirtyRateResult };
  'query-display-options': { arguments: QmpEmpty; returns: QueryDisplayOptionsResult };
  'query-dump': { arguments: QmpEmpty; returns: QueryDumpResult };
  'query-dump-guest-memory-capability': { arguments: QmpEmpty; returns: QueryDumpGuestMemoryCapabilityResult };
  'query-fdsets': { arguments: QmpEmpty; returns: readonly QueryFdsetsResult[] };
  'query-hotpluggable-cpus': { arguments: QmpEmpty; returns: readonly QueryHotpluggableCpusResult[] };
  'query-hv-balloon-status-report': { arguments: QmpEmpty; returns: QueryHvBalloonStatusReportResult };
  'query-iothreads': { arguments: QmpEmpty; returns: readonly QueryIothreadsResult[] };
  'query-jobs': { arguments: QmpEmpty; returns: readonly QueryJobsResult[] };
  'query-kvm': { arguments: QmpEmpty; returns: QueryKvmResult };
  'query-machines': { arguments: QueryMachinesArguments; returns: readonly QueryMachinesResult[] };
  'query-memdev': { arguments: QmpEmpty; returns: readonly QueryMemdevResult[] };
  'query-memory-devices': { arguments: QmpEmpty; returns: readonly QueryMemoryDevicesResult[] };
  'query-memory-size-summary': { arguments: QmpEmpty; returns: QueryMemorySizeSummaryResult };
  'query-mice': { arguments: QmpEmpty; returns: readonly QueryMiceResult[] };
  'query-migrate': { arguments: QmpEmpty; returns: QueryMigrateResult };
  'query-migrate-capabilities': { arguments: QmpEmpty; returns: readonly QueryMigrateCapabilitiesResult[] };
  'query-migrate-parameters': { arguments: QmpEmpty; returns: QueryMigrateParametersResult };
  /** @deprecated */
  'query-migrationthreads': { arguments: QmpEmpty; returns: readonly QueryMigrationthreadsResult[] };
  'query-name': { arguments: QmpEmpty; returns: QueryNameResult };
  'query-named-block-nodes': { arguments: QueryNamedBlockNodesArguments; returns: readonly QueryNamedBlockNodesResult[] };
  'query-pci': { arguments: QmpEmpty; returns: readonly QueryPciResult[] };
  'query-pr-managers': { arguments: QmpEmpty; returns: readonly QueryPrManagersResult[] };
  'query-qmp-schema': { arguments: QmpEmpty; returns: readonly QueryQmpSchemaResult[] };
  'query-replay': { arguments: QmpEmpty; returns: QueryReplayResult };
  'query-rocker': { arguments: QueryRockerArguments; returns: QueryRockerResult };
  'query-rocker-of-dpa-flows': { arguments: QueryRockerOfDpaFlowsArguments; returns: readonly QueryRockerOfDpaFlowsResult[] };
  'query-rocker-of-dpa-groups': { arguments: QueryRockerOfDpaGroupsArguments; returns: readonly QueryRockerOfDpaGroupsResult[] };
  'query-rocker-ports': { arguments: QueryRockerPortsArguments; returns: readonly QueryRockerPortsResult[] };
  'query-rx-filter': { arguments: QueryRxFilterArguments; returns: readonly QueryRxFilterResult[] };
  'query-sev': { arguments: QmpEmpty; returns: QuerySevResult };
  'query-sev-attestation-report': { arguments: QuerySevAttestationReportArguments; returns: QuerySevAttestationReportResult };
  'query-sev-capabilities': { arguments: QmpEmpty; returns: QuerySevCapabilitiesResult };
  'query-sev-launch-measure': { arguments: QmpEmpty; returns: QuerySevLaunchMeasureResult };
  'query-sgx': { arguments: QmpEmpty; returns: QuerySgxResult };
  'query-sgx-capabilities': { arguments: QmpEmpty; returns: QuerySgxResult };
  'query-spice': { arguments: QmpEmpty; returns: QuerySpiceResult };
  'query-stats': { arguments: QueryStatsArguments; returns: readonly QueryStatsResult[] };
  'query-stats-schemas': { arguments: QueryStatsSchemasArguments; returns: readonly QueryStatsSchemasResult[] };
  'query-status': { arguments: QmpEmpty; returns: QueryStatusResult };
  'query-target': { arguments: QmpEmpty; returns: QueryTargetResult };
  'query-tpm': { arguments: QmpEmpty; returns: readonly QueryTpmResult[] };
  'query-tpm-models': { arguments: QmpEmpty; returns: readonly (QmpOpenEnum<QueryTpmModelsResult>)[] };
  'query-tpm-types': { arguments: QmpEmpty; returns: readonly (QmpOpenEnum<QueryTpmTypesResult>)[] };
  'query-uuid': { arguments: QmpEmpty; returns: QueryUuidResult };
  'query-vcpu-dirty-limit': { arguments: QmpEmpty; returns: readonly QueryVcpuDirtyLimitResult[] };
  'query-version': { arguments: QmpEmpty; returns: QueryVersionResult };
  'query-vm-generation-id': { arguments: QmpEmpty; returns: QueryVmGenerationIdResult };
  'query-vnc': { arguments: QmpEmpty; returns: QueryVncResult };
  'query-vnc-servers': { arguments: QmpEmpty; returns: readonly QueryVncServersResult[] };
  'query-xen-replication-status': { arguments: QmpEmpty; returns: QueryXenReplicationStatusResult };
  'query-yank': { arguments: QmpEmpty; returns: readonly QueryYankResult[]; outOfBand: true };
  quit: { arguments: QmpEmpty; returns: QmpEmpty };
  'remove-fd': { arguments: RemoveFdArguments; returns: QmpEmpty };
  'replay-break': { arguments: ReplayBreakArguments; returns: QmpEmpty };
  'replay-delete-break': { arguments: QmpEmpty; returns: QmpEmpty };
  'replay-seek': { arguments: ReplaySeekArguments; returns: QmpEmpty };
  'request-ebpf': { arguments: RequestEbpfArguments; returns: RequestEbpfResult };
  'ringbuf-read': { arguments: RingbufReadArguments; returns: string };
  'ringbuf-write': { arguments: RingbufWriteArguments; returns: QmpEmpty };
  'rtc-reset-reinjection': { arguments: QmpEmpty; returns: QmpEmpty };
  screendump: { arguments: ScreendumpArguments; returns: QmpEmpty };
  'send-key': { arguments: SendKeyArguments; returns: QmpEmpty };
  'set-action': { arguments: SetActionArguments; returns: QmpEmpty };
  'set-numa-node': { arguments: SetNumaNodeArguments; returns: QmpEmpty };
  'set-vcpu-dirty-limit': { arguments: SetVcpuDirtyLimitArguments; returns: QmpEmpty };
  set_link: { arguments: SetLinkArguments; returns: QmpEmpty };
  set_password: { arguments: SetPasswordArguments; returns: QmpEmpty };
  'sev-inject-launch-secret': { arguments: SevInjectLaunchSecretArguments; returns: QmpEmpty };
  'snapshot-delete': { arguments: SnapshotDeleteArguments; returns: QmpEmpty };
  'snapshot-load': { arguments: SnapshotLoadArguments; returns: QmpEmpty };
  'snapshot-save': { arguments: SnapshotSaveArguments; returns: QmpEmpty };
  stop: { arguments: QmpEmpty; returns: QmpEmpty };
  system_powerdown: { arguments: QmpEmpty; returns: QmpEmpty };
  system_reset: { arguments: QmpEmpty; returns: QmpEmpty };
  system_wakeup: { arguments: QmpEmpty; returns: QmpEmpty };
  'trace-event-get-state': { arguments: TraceEventGetStateArguments; returns: readonly TraceEventGetStateResult[] };
  'trace-event-set-state': { arguments: TraceEventSetStateArguments; returns: QmpEmpty };
  transaction: { arguments: TransactionArguments; returns: QmpEmpty };
  'watchdog-set-action': { arguments: WatchdogSetActionArguments; returns: QmpEmpty };
  /** @experimental */
  'x-blockdev-amend': { arguments: XBlockdevAmendArguments; returns: QmpEmpty };
  /** @experimental */
  'x-blockdev-change': { arguments: XBlockdevChangeArguments; returns: QmpEmpty };
  /** @experimental */
  'x-blockdev-set-iothread': { arguments: XBlockdevSetIothreadArguments; returns: QmpEmpty };
  /** @experimental */
  'x-colo-lost-heartbeat': { arguments: QmpEmpty; returns: QmpEmpty };
  /** @experimental */
  'x-debug-block-dirty-bitmap-sha256': { arguments: BlockDirtyBitmapClearArguments; returns: XDebugBlockDirtyBitmapSha256Result };
  /** @experimental */
  'x-debug-query-block-graph': { arguments: QmpEmpty; returns: XDebugQueryBlockGraphResult };
  /** @experimental */
  'x-exit-preconfig': { arguments: QmpEmpty; returns: QmpEmpty };
  /** @experimental */
  'x-query-interrupt-controllers': { arguments: QmpEmpty; returns: XQueryInterruptControllersResult };
  /** @experimental */
  'x-query-irq': { arguments: QmpEmpty; returns: XQueryInterruptControllersResult };
  /** @experimental */
  'x-query-jit': { arguments: QmpEmpty; returns: XQueryInterruptControllersResult };
  /** @experimental */
  'x-query-numa': { arguments: QmpEmpty; returns: XQueryInterruptControllersResult };
  /** @experimental */
  'x-query-opcount': { arguments: QmpEmpty; returns: XQueryInterruptControllersResult };
  /** @experimental */
  'x-query-ramblock': { arguments: QmpEmpty; returns: XQueryInterruptControllersResult };
  /** @experimental */
  'x-query-roms': { arguments: QmpEmpty; returns: XQueryInterruptControllersResult };
  /** @experimental */
  'x-query-usb': { arguments: QmpEmpty; returns: XQueryInterruptControllersResult };
  /** @experimental */
  'x-query-virtio': { arguments: QmpEmpty; returns: readonly XQueryVirtioResult[] };
  /** @experimental */
  'x-query-virtio-queue-element': { arguments: XQueryVirtioQueueElementArguments; returns: XQueryVirtioQueueElementResult };
  /** @experimental */
  'x-query-virtio-queue-status': { arguments: XQueryVirtioQueueStatusArguments; returns: XQueryVirtioQueueStatusResult };
  /** @experimental */
  'x-query-virtio-status': { arguments: XQueryVirtioStatusArguments; returns: XQueryVirtioStatusResult };
  /** @experimental */
  'x-query-virtio-vhost-queue-status': { arguments: XQueryVirtioVhostQueueStatusArguments; returns: XQueryVirtioVhostQueueStatusResult };
  'xen-colo-do-checkpoint': { arguments: QmpEmpty; returns: QmpEmpty };
  'xen-event-inject': { arguments: XenEventInjectArguments; returns: QmpEmpty };
  'xen-event-list': { arguments: QmpEmpty; returns: readonly XenEventListResult[] };
  'xen-load-devices-state': { arguments: XenLoadDevicesStateArguments; returns: QmpEmpty };
  'xen-save-devices-state': { arguments: XenSaveDevicesStateArguments; returns: QmpEmpty };
  'xen-set-global-dirty-log': { arguments: XenSetGlobalDirtyLogArguments; returns: QmpEmpty };
  'xen-set-replication': { arguments: XenSetReplicationArguments; returns: QmpEmpty };
  yank: { arguments: YankArguments; returns: QmpEmpty; outOfBand: true };
}

export interface QmpEvents {
  ACPI_DEVICE_OST: AcpiDeviceOstEvent;
  BALLOON_CHANGE: BalloonChangeEvent;
  BLOCK_EXPORT_DELETED: BlockExportDeletedEvent;
  BLOCK_IMAGE_CORRUPTED: BlockImageCorruptedEvent;
  BLOCK_IO_ERROR: BlockIoErrorEvent;
  BLOCK_JOB_CANCELLED: BlockJobCancelledEvent;
  BLOCK_JOB_COMPLETED: BlockJobCompletedEvent;
  BLOCK_JOB_ERROR: BlockJobErrorEvent;
  BLOCK_JOB_PENDING: BlockJobPendingEvent;
  BLOCK_JOB_READY: BlockJobReadyEvent;
  BLOCK_WRITE_THRESHOLD: BlockWriteThresholdEvent;
  COLO_EXIT: ColoExitEvent;
  DEVICE_DELETED: DeviceDeletedEvent;
  DEVICE_TRAY_MOVED: DeviceTrayMovedEvent;
  DEVICE_UNPLUG_GUEST_ERROR: DeviceUnplugGuestErrorEvent;
  DUMP_COMPLETED: DumpCompletedEvent;
  FAILOVER_NEGOTIATED: FailoverNegotiatedEvent;
  GUEST_CRASHLOADED: GuestCrashloadedEvent;
  GUEST_PANICKED: GuestPanickedEvent;
  GUEST_PVSHUTDOWN: QmpEmpty;
  HV_BALLOON_STATUS_REPORT: QueryHvBalloonStatusReportResult;
  JOB_STATUS_CHANGE: JobStatusChangeEvent;
  MEMORY_DEVICE_SIZE_CHANGE: MemoryDeviceSizeChangeEvent;
  MEMORY_FAILURE: MemoryFailureEvent;
  MIGRATION: MigrationEvent;
  MIGRATION_PASS: MigrationPassEvent;
  NETDEV_STREAM_CONNECTED: NetdevStreamConnectedEvent;
  NETDEV_STREAM_DISCONNECTED: NetdevStreamDisconnectedEvent;
  NETDEV_VHOST_USER_CONNECTED: NetdevVhostUserConnectedEvent;
  NETDEV_VHOST_USER_DISCONNECTED: NetdevVhostUserDisconnectedEvent;
  NIC_RX_FILTER_CHANGED: NicRxFilterChangedEvent;
  POWERDOWN: QmpEmpty;
  PR_MANAGER_STATUS_CHANGED: PrManagerStatusChangedEvent;
  QUORUM_FAILURE: QuorumFailureEvent;
  QUORUM_REPORT_BAD: QuorumReportBadEvent;
  RESET: ResetEvent;
  RESUME: QmpEmpty;
  RTC_CHANGE: RtcChangeEvent;
  SHUTDOWN: ShutdownEvent;
  SPICE_CONNECTED: SpiceConnectedEvent;
  SPICE_DISCONNECTED: SpiceDisconnectedEvent;
  SPICE_INITIALIZED: SpiceInitializedEvent;
  SPICE_MIGRATE_COMPLETED: QmpEmpty;
  STOP: QmpEmpty;
  SUSPEND: QmpEmpty;
  SUSPEND_DISK: QmpEmpty;
  UNPLUG_PRIMARY: UnplugPrimaryEvent;
  VFIO_MIGRATION: VfioMigrationEvent;
  VFU_CLIENT_HANGUP: VfuClientHangupEvent;
  VNC_CONNECTED: VncConnectedEvent;
  VNC_DISCONNECTED: VncDisconnectedEvent;
  VNC_INITIALIZED: VncInitializedEvent;
  VSERPORT_CHANGE: VserportChangeEvent;
  WAKEUP: QmpEmpty;
  WATCHDOG: WatchdogEvent;
}

export interface AddFdArguments {
  'fdset-id'?: QmpInteger | undefined;
  opaque?: string | undefined;
}
export interface AddFdResult {
  'fdset-id': QmpInteger;
  fd: QmpInteger;
}
export interface AddClientArguments {
  protocol: string;
  fdname: string;
  skipauth?: boolean | undefined;
  tls?: boolean | undefined;
}
export interface AnnounceSelfArguments {
  initial: QmpInteger;
  max: QmpInteger;
  rounds: QmpInteger;
  step: QmpInteger;
  interfaces?: readonly string[] | undefined;
  id?: string | undefined;
}
export interface BalloonArguments {
  value: QmpInteger;
}
export interface BlockCommitArguments {
  'job-id'?: string | undefined;
  device: string;
  'base-node'?: string | undefined;
  /** @deprecated */
  base?: string | undefined;
  'top-node'?: string | undefined;
  /** @deprecated */
  top?: string | undefined;
  'backing-file'?: string | undefined;
  'backing-mask-protocol'?: boolean | undefined;
  speed?: QmpInteger | undefined;
  'on-error'?: BlockCommitOnError | undefined;
  'filter-node-name'?: string | undefined;
  'auto-finalize'?: boolean | undefined;
  'auto-dismiss'?: boolean | undefined;
}
export interface BlockDirtyBitmapAddArguments {
  node: string;
  name: string;
  granularity?: QmpInteger | undefined;
  persistent?: boolean | undefined;
  disabled?: boolean | undefined;
}
export interface BlockDirtyBitmapClearArguments {
  node: string;
  name: string;
}
export interface BlockDirtyBitmapMergeArguments {
  node: string;
  target: string;
  bitmaps: readonly BlockDirtyBitmapMergeBitmaps[];
}
export interface BlockExportAddArgumentsCommon {
  id: string;
  'fixed-iothread'?: boolean | undefined;
  iothread?: string | undefined;
  'node-name': string;
  writable?: boolean | undefined;
  writethrough?: boolean | undefined;
  'allow-inactive'?: boolean | undefined;
}
export type BlockExportAddArguments =
  | (BlockExportAddArgumentsCommon & { type: 'nbd' } & BlockExportAddNbd)
  | (BlockExportAddArgumentsCommon & { type: 'vhost-user-blk' } & BlockExportAddVhostUserBlk)
  | (BlockExportAddArgumentsCommon & { type: 'fuse' } & BlockExportAddFuse)
  | (BlockExportAddArgumentsCommon & { type: 'vduse-blk' } & BlockExportAddVduseBlk);
export interface BlockExportDelArguments {
  id: string;
  mode?: BlockExportDelMode | undefined;
}
export interface BlockJobCancelArguments {
  device: string;
  force?: boolean | undefined;
}
export interface BlockJobChangeArgumentsCommon {
  id: string;
}
export type BlockJobChangeArguments =
  | (BlockJobChangeArgumentsCommon & { type: 'mirror' } & BlockJobChangeMirror)
  | (BlockJobChangeArgumentsCommon & { type: 'commit' | 'stream' | 'backup' | 'create' | 'amend' | 'snapshot-load' | 'snapshot-save' | 'snapshot-delete' });
export interface BlockJobCompleteArguments {
  device: string;
}
export interface BlockJobDismissArguments {
  id: string;
}
export interface BlockJobFinalizeArguments {
  id: string;
}
export interface BlockJobPauseArguments {
  device: string;
}
export interface BlockJobResumeArguments {
  device: string;
}
export interface BlockJobSetSpeedArguments {
  device: string;
  speed: QmpInteger;
}
export interface BlockLatencyHistogramSetArguments {
  id: string;
  boundaries?: readonly QmpInteger[] | undefined;
  'boundaries-read'?: readonly QmpInteger[] | undefined;
  'boundaries-write'?: readonly QmpInteger[] | undefined;
  'boundaries-zap'?: readonly QmpInteger[] | undefined;
  'boundaries-flush'?: readonly QmpInteger[] | undefined;
}
export interface BlockSetWriteThresholdArguments {
  'node-name': string;
  'write-threshold': QmpInteger;
}
export interface BlockStreamArguments {
  'job-id'?: string | undefined;
  device: string;
  base?: string | undefined;
  'base-node'?: string | undefined;
  'backing-file'?: string | undefined;
  'backing-mask-protocol'?: boolean | undefined;
  bottom?: string | undefined;
  speed?: QmpInteger | undefined;
  'on-error'?: BlockCommitOnError | undefined;
  'filter-node-name'?: string | undefined;
  'auto-finalize'?: boolean | undefined;
  'auto-dismiss'?: boolean | undefined;
}
export interface BlockResizeArguments {
  device?: string | undefined;
  'node-name'?: string | undefined;
  size: QmpInteger;
}
export interface BlockSetIoThrottleArguments {
  /** @deprecated */
  device?: string | undefined;
  id?: string | undefined;
  bps: QmpInteger;
  bps_rd: QmpInteger;
  bps_wr: QmpInteger;
  iops: QmpInteger;
  iops_rd: QmpInteger;
  iops_wr: QmpInteger;
  bps_max?: QmpInteger | undefined;
  bps_rd_max?: QmpInteger | undefined;
  bps_wr_max?: QmpInteger | undefined;
  iops_max?: QmpInteger | undefined;
  iops_rd_max?: QmpInteger | undefined;
  iops_wr_max?: QmpInteger | undefined;
  bps_max_length?: QmpInteger | undefined;
  bps_rd_max_length?: QmpInteger | undefined;
  bps_wr_max_length?: QmpInteger | undefined;
  iops_max_length?: QmpInteger | undefined;
  iops_rd_max_length?: QmpInteger | undefined;
  iops_wr_max_length?: QmpInteger | undefined;
  iops_size?: QmpInteger | undefined;
  group?: string | undefined;
}
export interface BlockdevAddArgumentsCommon {
  'node-name'?: string | undefined;
  discard?: BlockdevAddDiscard | undefined;
  cache?: BlockdevAddCache | undefined;
  active?: boolean | undefined;
  'read-only'?: boolean | undefined;
  'auto-read-only'?: boolean | undefined;
  'force-share'?: boolean | undefined;
  'detect-zeroes'?: BlockdevAddDetectZeroes | undefined;
}
export type BlockdevAddArguments =
  | (BlockdevAddArgumentsCommon & { driver: 'blkdebug' } & BlockdevAddBlkdebug)
  | (BlockdevAddArgumentsCommon & { driver: 'blklogwrites' } & BlockdevAddBlklogwrites)
  | (BlockdevAddArgumentsCommon & { driver: 'blkverify' } & BlockdevAddBlkverify)
  | (BlockdevAddArgumentsCommon & { driver: 'blkreplay' } & BlockdevAddBlkreplay)
  | (BlockdevAddArgumentsCommon & { driver: 'bochs' | 'cloop' | 'compress' | 'dmg' | 'parallels' | 'snapshot-access' | 'vdi' | 'vhdx' | 'vpc' } & BlockdevAddBochs)
  | (BlockdevAddArgumentsCommon & { driver: 'copy-before-write' } & BlockdevAddCopyBeforeWrite)
  | (BlockdevAddArgumentsCommon & { driver: 'copy-on-read' } & BlockdevAddCopyOnRead)
  | (BlockdevAddArgumentsCommon & { driver: 'file' | 'host_cdrom' | 'host_device' } & BlockdevAddFile)
  | (BlockdevAddArgumentsCommon & { driver: 'ftp' } & BlockdevAddFtp)
  | (BlockdevAddArgumentsCommon & { driver: 'ftps' } & BlockdevAddFtps)
  | (BlockdevAddArgumentsCommon & { driver: 'gluster' } & BlockdevAddGluster)
  | (BlockdevAddArgumentsCommon & { driver: 'http' } & BlockdevAddHttp)
  | (BlockdevAddArgumentsCommon & { driver: 'https' } & BlockdevAddHttps)
  | (BlockdevAddArgumentsCommon & { driver: 'io_uring' } & BlockdevAddIoUring)
  | (BlockdevAddArgumentsCommon & { driver: 'iscsi' } & BlockdevAddIscsi)
  | (BlockdevAddArgumentsCommon & { driver: 'luks' } & BlockdevAddLuks)
  | (BlockdevAddArgumentsCommon & { driver: 'nbd' } & BlockdevAddNbd)
  | (BlockdevAddArgumentsCommon & { driver: 'nfs' } & BlockdevAddNfs)
  | (BlockdevAddArgumentsCommon & { driver: 'null-aio' | 'null-co' } & BlockdevAddNullAio)
  | (BlockdevAddArgumentsCommon & { driver: 'nvme' } & BlockdevAddNvme)
  | (BlockdevAddArgumentsCommon & { driver: 'nvme-io_uring' } & BlockdevAddNvmeIoUring)
  | (BlockdevAddArgumentsCommon & { driver: 'preallocate' } & BlockdevAddPreallocate)
  | (BlockdevAddArgumentsCommon & { driver: 'qcow2' } & BlockdevAddQcow2)
  | (BlockdevAddArgumentsCommon & { driver: 'qcow' } & BlockdevAddQcow)
  | (BlockdevAddArgumentsCommon & { driver: 'qed' | 'vmdk' } & BlockdevAddQed)
  | (BlockdevAddArgumentsCommon & { driver: 'quorum' } & BlockdevAddQuorum)
  | (BlockdevAddArgumentsCommon & { driver: 'raw' } & BlockdevAddRaw)
  | (BlockdevAddArgumentsCommon & { driver: 'rbd' } & BlockdevAddRbd)
  | (BlockdevAddArgumentsCommon & { driver: 'replication' } & BlockdevAddReplication)
  | (BlockdevAddArgumentsCommon & { driver: 'ssh' } & BlockdevAddSsh)
  | (BlockdevAddArgumentsCommon & { driver: 'throttle' } & BlockdevAddThrottle)
  | (BlockdevAddArgumentsCommon & { driver: 'virtio-blk-vfio-pci' } & BlockdevAddVirtioBlkVfioPci)
  | (BlockdevAddArgumentsCommon & { driver: 'virtio-blk-vhost-user' } & BlockdevAddVirtioBlkVhostUser)
  | (BlockdevAddArgumentsCommon & { driver: 'virtio-blk-vhost-vdpa' } & BlockdevAddVirtioBlkVhostVdpa)
  | (BlockdevAddArgumentsCommon & { driver: 'vvfat' } & BlockdevAddVvfat);
export interface BlockdevBackupArguments {
  'job-id'?: string | undefined;
  device: string;
  sync: BlockdevBackupSync;
  speed?: QmpInteger | undefined;
  bitmap?: string | undefined;
  'bitmap-mode'?: BlockdevBackupBitmapMode | undefined;
  compress?: boolean | undefined;
  'on-source-error'?: BlockCommitOnError | undefined;
  'on-target-error'?: BlockCommitOnError | undefined;
  'auto-finalize'?: boolean | undefined;
  'auto-dismiss'?: boolean | undefined;
  'filter-node-name'?: string | undefined;
  'discard-source'?: boolean | undefined;
  /** @experimental */
  'x-perf'?: BlockdevBackupXPerf | undefined;
  target: string;
}
export interface BlockdevChangeMediumArguments {
  /** @deprecated */
  device?: string | undefined;
  id?: string | undefined;
  filename: string;
  format?: string | undefined;
  force?: boolean | undefined;
  'read-only-mode'?: BlockdevChangeMediumReadOnlyMode | undefined;
}
export interface BlockdevCloseTrayArguments {
  /** @deprecated */
  device?: string | undefined;
  id?: string | undefined;
}
export interface BlockdevCreateArguments {
  'job-id': string;
  options: BlockdevCreateOptions;
}
export interface BlockdevDelArguments {
  'node-name': string;
}
export interface BlockdevInsertMediumArguments {
  id: string;
  'node-name': string;
}
export interface BlockdevMirrorArguments {
  'job-id'?: string | undefined;
  device: string;
  target: string;
  replaces?: string | undefined;
  sync: BlockdevBackupSync;
  speed?: QmpInteger | undefined;
  granularity?: QmpInteger | undefined;
  'buf-size'?: QmpInteger | undefined;
  'on-source-error'?: BlockCommitOnError | undefined;
  'on-target-error'?: BlockCommitOnError | undefined;
  'filter-node-name'?: string | undefined;
  'copy-mode'?: BlockdevMirrorCopyMode | undefined;
  'auto-finalize'?: boolean | undefined;
  'auto-dismiss'?: boolean | undefined;
}
export interface BlockdevOpenTrayArguments {
  /** @deprecated */
  device?: string | undefined;
  id?: string | undefined;
  force?: boolean | undefined;
}
export interface BlockdevRemoveMediumArguments {
  id: string;
}
export interface BlockdevReopenArguments {
  options: readonly BlockdevAddArguments[];
}
export interface BlockdevSetActiveArguments {
  'node-name'?: string | undefined;
  active: boolean;
}
export interface BlockdevSnapshotArguments {
  node: string;
  overlay: string;
}
export interface BlockdevSnapshotDeleteInternalSyncArguments {
  device: string;
  id?: string | undefined;
  name?: string | undefined;
}
export interface BlockdevSnapshotDeleteInternalSyncResult {
  id: string;
  name: string;
  'vm-state-size': QmpInteger;
  'date-sec': QmpInteger;
  'date-nsec': QmpInteger;
  'vm-clock-sec': QmpInteger;
  'vm-clock-nsec': QmpInteger;
  icount?: QmpInteger;
}
export interface BlockdevSnapshotInternalSyncArguments {
  device: string;
  name: string;
}
export interface BlockdevSnapshotSyncArguments {
  device?: string | undefined;
  'node-name'?: string | undefined;
  'snapshot-file': string;
  'snapshot-node-name'?: string | undefined;
  format?: string | undefined;
  mode?: BlockdevSnapshotSyncMode | undefined;
}
export interface CalcDirtyRateArguments {
  'calc-time': QmpInteger;
  'calc-time-unit'?: CalcDirtyRateCalcTimeUnit | undefined;
  'sample-pages'?: QmpInteger | undefined;
  mode?: CalcDirtyRateMode | undefined;
}
export interface CancelVcpuDirtyLimitArguments {
  'cpu-index'?: QmpInteger | undefined;
}
export interface ChangeBackingFileArguments {
  device: string;
  'image-node-name': string;
  'backing-file': string;
}
export interface ChangeVncPasswordArguments {
  password: string;
}
export interface ChardevAddArguments {
  id: string;
  backend: ChardevAddBackend;
}
export interface ChardevAddResult {
  pty?: string;
}
export interface ChardevChangeArguments {
  id: string;
  backend: ChardevAddBackend;
}
export interface ChardevRemoveArguments {
  id: string;
}
export interface ChardevSendBreakArguments {
  id: string;
}
export interface ClientMigrateInfoArguments {
  protocol: string;
  hostname: string;
  port?: QmpInteger | undefined;
  'tls-port'?: QmpInteger | undefined;
  'cert-subject'?: string | undefined;
}
export interface ClosefdArguments {
  fdname: string;
}
export interface CxlAddDynamicCapacityArguments {
  path: string;
  'host-id': QmpInteger;
  'selection-policy': CxlAddDynamicCapacitySelectionPolicy;
  region: QmpInteger;
  tag?: string | undefined;
  extents: readonly CxlAddDynamicCapacityExtents[];
}
export interface CxlInjectCorrectableErrorArguments {
  path: string;
  type: CxlInjectCorrectableErrorType;
}
export interface CxlInjectDramEventArguments {
  path: string;
  log: CxlInjectDramEventLog;
  flags: QmpInteger;
  dpa: QmpInteger;
  descriptor: QmpInteger;
  type: QmpInteger;
  'transaction-type': QmpInteger;
  channel?: QmpInteger | undefined;
  rank?: QmpInteger | undefined;
  'nibble-mask'?: QmpInteger | undefined;
  'bank-group'?: QmpInteger | undefined;
  bank?: QmpInteger | undefined;
  row?: QmpInteger | undefined;
  column?: QmpInteger | undefined;
  'correction-mask'?: readonly QmpInteger[] | undefined;
}
export interface CxlInjectGeneralMediaEventArguments {
  path: string;
  log: CxlInjectDramEventLog;
  flags: QmpInteger;
  dpa: QmpInteger;
  descriptor: QmpInteger;
  type: QmpInteger;
  'transaction-type': QmpInteger;
  channel?: QmpInteger | undefined;
  rank?: QmpInteger | undefined;
  device?: QmpInteger | undefined;
  'component-id'?: string | undefined;
}
export interface CxlInjectMemoryModuleEventArguments {
  path: string;
  log: CxlInjectDramEventLog;
  flags: QmpInteger;
  type: QmpInteger;
  'health-status': QmpInteger;
  'media-status': QmpInteger;
  'additional-status': QmpInteger;
  'life-used': QmpInteger;
  temperature: QmpInteger;
  'dirty-shutdown-count': QmpInteger;
  'corrected-volatile-error-count': QmpInteger;
  'corrected-persistent-error-count': QmpInteger;
}
export interface CxlInjectPoisonArguments {
  path: string;
  start: QmpInteger;
  length: QmpInteger;
}
export interface CxlInjectUncorrectableErrorsArguments {
  path: string;
  errors: readonly CxlInjectUncorrectableErrorsErrors[];
}
export interface CxlReleaseDynamicCapacityArguments {
  path: string;
  'host-id': QmpInteger;
  'removal-policy': CxlReleaseDynamicCapacityRemovalPolicy;
  'forced-removal'?: boolean | undefined;
  'sanitize-on-release'?: boolean | undefined;
  region: QmpInteger;
  tag?: string | undefined;
  extents: readonly CxlAddDynamicCapacityExtents[];
}
export interface DeviceListPropertiesArguments {
  typename: string;
}
export interface DeviceSyncConfigArguments {
  id: string;
}
export interface DeviceAddArguments {
  driver: string;
  bus?: string | undefined;
  id?: string | undefined;
  [property: string]: unknown;
}
export interface DeviceDelArguments {
  id: string;
}
export type DisplayReloadArguments =
  | ({ type: 'vnc' } & DisplayReloadVnc);
export type DisplayUpdateArguments =
  | ({ type: 'vnc' } & DisplayUpdateVnc);
export interface DriveBackupArguments {
  'job-id'?: string | undefined;
  device: string;
  sync: BlockdevBackupSync;
  speed?: QmpInteger | undefined;
  bitmap?: string | undefined;
  'bitmap-mode'?: BlockdevBackupBitmapMode | undefined;
  compress?: boolean | undefined;
  'on-source-error'?: BlockCommitOnError | undefined;
  'on-target-error'?: BlockCommitOnError | undefined;
  'auto-finalize'?: boolean | undefined;
  'auto-dismiss'?: boolean | undefined;
  'filter-node-name'?: string | undefined;
  'discard-source'?: boolean | undefined;
  /** @experimental */
  'x-perf'?: BlockdevBackupXPerf | undefined;
  target: string;
  format?: string | undefined;
  mode?: BlockdevSnapshotSyncMode | undefined;
}
export interface DriveMirrorArguments {
  'job-id'?: string | undefined;
  device: string;
  target: string;
  format?: string | undefined;
  'node-name'?: string | undefined;
  replaces?: string | undefined;
  sync: BlockdevBackupSync;
  mode?: BlockdevSnapshotSyncMode | undefined;
  speed?: QmpInteger | undefined;
  granularity?: QmpInteger | undefined;
  'buf-size'?: QmpInteger | undefined;
  'on-source-error'?: BlockCommitOnError | undefined;
  'on-target-error'?: BlockCommitOnError | undefined;
  unmap?: boolean | undefined;
  'copy-mode'?: BlockdevMirrorCopyMode | undefined;
  'auto-finalize'?: boolean | undefined;
  'auto-dismiss'?: boolean | undefined;
}
export interface DumpGuestMemoryArguments {
  paging: boolean;
  protocol: string;
  detach?: boolean | undefined;
  begin?: QmpInteger | undefined;
  length?: QmpInteger | undefined;
  format?: DumpGuestMemoryFormat | undefined;
}
export interface DumpdtbArguments {
  filename: string;
}
export interface EjectArguments {
  /** @deprecated */
  device?: string | undefined;
  id?: string | undefined;
  force?: boolean | undefined;
}
export interface ExpirePasswordArgumentsCommon {
  time: string;
}
export type ExpirePasswordArguments =
  | (ExpirePasswordArgumentsCommon & { protocol: 'vnc' } & ExpirePasswordVnc)
  | (ExpirePasswordArgumentsCommon & { protocol: 'spice' });
export interface GetfdArguments {
  fdname: string;
}
export interface HumanMonitorCommandArguments {
  'command-line': string;
  'cpu-index'?: QmpInteger | undefined;
}
export interface InputSendEventArguments {
  device?: string | undefined;
  head?: QmpInteger | undefined;
  events: readonly InputSendEventEvents[];
}
export interface JobCancelArguments {
  id: string;
}
export interface JobCompleteArguments {
  id: string;
}
export interface JobDismissArguments {
  id: string;
}
export interface JobFinalizeArguments {
  id: string;
}
export interface JobPauseArguments {
  id: string;
}
export interface JobResumeArguments {
  id: string;
}
export interface MemsaveArguments {
  val: QmpInteger;
  size: QmpInteger;
  filename: string;
  'cpu-index'?: QmpInteger | undefined;
}
export interface MigrateArguments {
  uri?: string | undefined;
  channels?: readonly MigrateChannels[] | undefined;
  detach?: boolean | undefined;
  resume?: boolean | undefined;
}
export interface MigrateContinueArguments {
  state: MigrateContinueState;
}
export interface MigrateIncomingArguments {
  uri?: string | undefined;
  channels?: readonly MigrateChannels[] | undefined;
  'exit-on-error'?: boolean | undefined;
}
export interface MigrateRecoverArguments {
  uri: string;
}
export interface MigrateSetCapabilitiesArguments {
  capabilities: readonly MigrateSetCapabilitiesCapabilities[];
}
export interface MigrateSetParametersArguments {
  'announce-initial'?: QmpInteger | undefined;
  'announce-max'?: QmpInteger | undefined;
  'announce-rounds'?: QmpInteger | undefined;
  'announce-step'?: QmpInteger | undefined;
  'throttle-trigger-threshold'?: QmpInteger | undefined;
  'cpu-throttle-initial'?: QmpInteger | undefined;
  'cpu-throttle-increment'?: QmpInteger | undefined;
  'cpu-throttle-tailslow'?: boolean | undefined;
  'tls-creds'?: MigrateSetParametersTlsCreds | undefined;
  'tls-hostname'?: MigrateSetParametersTlsCreds | undefined;
  'tls-authz'?: MigrateSetParametersTlsCreds | undefined;
  'max-bandwidth'?: QmpInteger | undefined;
  'avail-switchover-bandwidth'?: QmpInteger | undefined;
  'downtime-limit'?: QmpInteger | undefined;
  /** @experimental */
  'x-checkpoint-delay'?: QmpInteger | undefined;
  'multifd-channels'?: QmpInteger | undefined;
  'xbzrle-cache-size'?: QmpInteger | undefined;
  'max-postcopy-bandwidth'?: QmpInteger | undefined;
  'max-cpu-throttle'?: QmpInteger | undefined;
  'multifd-compression'?: MigrateSetParametersMultifdCompression | undefined;
  'multifd-zlib-level'?: QmpInteger | undefined;
  'multifd-qatzip-level'?: QmpInteger | undefined;
  'multifd-zstd-level'?: QmpInteger | undefined;
  'block-bitmap-mapping'?: readonly MigrateSetParametersBlockBitmapMapping[] | undefined;
  /** @experimental */
  'x-vcpu-dirty-limit-period'?: QmpInteger | undefined;
  'vcpu-dirty-limit'?: QmpInteger | undefined;
  mode?: MigrateSetParametersMode | undefined;
  'zero-page-detection'?: MigrateSetParametersZeroPageDetection | undefined;
  'direct-io'?: boolean | undefined;
}
export interface NbdServerAddArguments {
  name?: string | undefined;
  description?: string | undefined;
  device: string;
  writable?: boolean | undefined;
  bitmap?: string | undefined;
}
export interface NbdServerRemoveArguments {
  name: string;
  mode?: BlockExportDelMode | undefined;
}
export interface NbdServerStartArguments {
  'handshake-max-seconds'?: QmpInteger | undefined;
  'tls-creds'?: string | undefined;
  'tls-authz'?: string | undefined;
  'max-connections'?: QmpInteger | undefined;
  addr: NbdServerStartAddr;
}
export interface NetdevAddArgumentsCommon {
  id: string;
}
export type NetdevAddArguments =
  | (NetdevAddArgumentsCommon & { type: 'nic' } & NetdevAddNic)
  | (NetdevAddArgumentsCommon & { type: 'user' } & NetdevAddUser)
  | (NetdevAddArgumentsCommon & { type: 'tap' } & NetdevAddTap)
  | (NetdevAddArgumentsCommon & { type: 'l2tpv3' } & NetdevAddL2tpv3)
  | (NetdevAddArgumentsCommon & { type: 'socket' } & NetdevAddSocket)
  | (NetdevAddArgumentsCommon & { type: 'stream' } & NetdevAddStream)
  | (NetdevAddArgumentsCommon & { type: 'dgram' } & NetdevAddDgram)
  | (NetdevAddArgumentsCommon & { type: 'vde' } & NetdevAddVde)
  | (NetdevAddArgumentsCommon & { type: 'bridge' } & NetdevAddBridge)
  | (NetdevAddArgumentsCommon & { type: 'hubport' } & NetdevAddHubport)
  | (NetdevAddArgumentsCommon & { type: 'netmap' } & NetdevAddNetmap)
  | (NetdevAddArgumentsCommon & { type: 'vhost-user' } & NetdevAddVhostUser)
  | (NetdevAddArgumentsCommon & { type: 'vhost-vdpa' } & NetdevAddVhostVdpa)
  | (NetdevAddArgumentsCommon & { type: 'none' });
export interface NetdevDelArguments {
  id: string;
}
export interface ObjectAddArgumentsCommon {
  id: string;
}
export type ObjectAddArguments =
  | (ObjectAddArgumentsCommon & { 'qom-type': 'acpi-generic-initiator' } & ObjectAddAcpiGenericInitiator)
  | (ObjectAddArgumentsCommon & { 'qom-type': 'acpi-generic-port' } & ObjectAddAcpiGenericPort)
  | (ObjectAddArgumentsCommon & { 'qom-type': 'authz-list' } & ObjectAddAuthzList)
  | (ObjectAddArgumentsCommon & { 'qom-type': 'authz-listfile' } & ObjectAddAuthzListfile)
  | (ObjectAddArgumentsCommon & { 'qom-type': 'authz-pam' } & ObjectAddAuthzPam)
  | (ObjectAddArgumentsCommon & { 'qom-type': 'authz-simple' } & ObjectAddAuthzSimple)
  | (ObjectAddArgumentsCommon & { 'qom-type': 'can-host-socketcan' } & ObjectAddCanHostSocketcan)
  | (ObjectAddArgumentsCommon & { 'qom-type': 'colo-compare' } & ObjectAddColoCompare)
  | (ObjectAddArgumentsCommon & { 'qom-type': 'cryptodev-backend' | 'cryptodev-backend-builtin' | 'cryptodev-backend-lkcf' } & ObjectAddCryptodevBackend)
  | (ObjectAddArgumentsCommon & { 'qom-type': 'cryptodev-vhost-user' } & ObjectAddCryptodevVhostUser)
  | (ObjectAddArgumentsCommon & { 'qom-type': 'dbus-vmstate' } & ObjectAddDbusVmstate)
  | (ObjectAddArgumentsCommon & { 'qom-type': 'filter-buffer' } & ObjectAddFilterBuffer)
  | (ObjectAddArgumentsCommon & { 'qom-type': 'filter-dump' } & ObjectAddFilterDump)
  | (ObjectAddArgumentsCommon & { 'qom-type': 'filter-mirror' } & ObjectAddFilterMirror)
  | (ObjectAddArgumentsCommon & { 'qom-type': 'filter-redirector' } & ObjectAddFilterRedirector)
  | (ObjectAddArgumentsCommon & { 'qom-type': 'filter-replay' } & ObjectAddFilterReplay)
  | (ObjectAddArgumentsCommon & { 'qom-type': 'filter-rewriter' } & ObjectAddFilterRewriter)
  | (ObjectAddArgumentsCommon & { 'qom-type': 'input-barrier' } & ObjectAddInputBarrier)
  | (ObjectAddArgumentsCommon & { 'qom-type': 'input-linux' } & ObjectAddInputLinux)
  | (ObjectAddArgumentsCommon & { 'qom-type': 'iommufd' } & ObjectAddIommufd)
  | (ObjectAddArgumentsCommon & { 'qom-type': 'iothread' } & ObjectAddIothread)
  | (ObjectAddArgumentsCommon & { 'qom-type': 'main-loop' } & ObjectAddMainLoop)
  | (ObjectAddArgumentsCommon & { 'qom-type': 'memory-backend-epc' } & ObjectAddMemoryBackendEpc)
  | (ObjectAddArgumentsCommon & { 'qom-type': 'memory-backend-file' } & ObjectAddMemoryBackendFile)
  | (ObjectAddArgumentsCommon & { 'qom-type': 'memory-backend-memfd' } & ObjectAddMemoryBackendMemfd)
  | (ObjectAddArgumentsCommon & { 'qom-type': 'memory-backend-ram' } & ObjectAddMemoryBackendRam)
  | (ObjectAddArgumentsCommon & { 'qom-type': 'memory-backend-shm' } & ObjectAddMemoryBackendShm)
  | (ObjectAddArgumentsCommon & { 'qom-type': 'pr-manager-helper' } & ObjectAddPrManagerHelper)
  | (ObjectAddArgumentsCommon & { 'qom-type': 'qtest' } & ObjectAddQtest)
  | (ObjectAddArgumentsCommon & { 'qom-type': 'rng-builtin' } & ObjectAddRngBuiltin)
  | (ObjectAddArgumentsCommon & { 'qom-type': 'rng-egd' } & ObjectAddRngEgd)
  | (ObjectAddArgumentsCommon & { 'qom-type': 'rng-random' } & ObjectAddRngRandom)
  | (ObjectAddArgumentsCommon & { 'qom-type': 'secret' } & ObjectAddSecret)
  | (ObjectAddArgumentsCommon & { 'qom-type': 'secret_keyring' } & ObjectAddSecretKeyring)
  | (ObjectAddArgumentsCommon & { 'qom-type': 'sev-guest' } & ObjectAddSevGuest)
  | (ObjectAddArgumentsCommon & { 'qom-type': 'sev-snp-guest' } & ObjectAddSevSnpGuest)
  | (ObjectAddArgumentsCommon & { 'qom-type': 'thread-context' } & ObjectAddThreadContext)
  | (ObjectAddArgumentsCommon & { 'qom-type': 'throttle-group' } & ObjectAddThrottleGroup)
  | (ObjectAddArgumentsCommon & { 'qom-type': 'tls-creds-anon' } & ObjectAddTlsCredsAnon)
  | (ObjectAddArgumentsCommon & { 'qom-type': 'tls-creds-psk' } & ObjectAddTlsCredsPsk)
  | (ObjectAddArgumentsCommon & { 'qom-type': 'tls-creds-x509' } & ObjectAddTlsCredsX509)
  | (ObjectAddArgumentsCommon & { 'qom-type': 'tls-cipher-suites' } & ObjectAddTlsCipherSuites)
  | (ObjectAddArgumentsCommon & { 'qom-type': 'x-remote-object' } & ObjectAddXRemoteObject)
  | (ObjectAddArgumentsCommon & { 'qom-type': 'x-vfio-user-server' } & ObjectAddXVfioUserServer)
  | (ObjectAddArgumentsCommon & { 'qom-type': 'can-bus' | 'pef-guest' | 's390-pv-guest' });
export interface ObjectDelArguments {
  id: string;
}
export interface PmemsaveArguments {
  val: QmpInteger;
  size: QmpInteger;
  filename: string;
}
export interface QmpCapabilitiesArguments {
  enable?: readonly QmpCapabilitiesEnable[] | undefined;
}
export interface QomGetArguments {
  path: string;
  property: string;
}
export interface QomListArguments {
  path: string;
}
export interface QomListPropertiesArguments {
  typename: string;
}
export interface QomListTypesArguments {
  implements?: string | undefined;
  abstract?: boolean | undefined;
}
export interface QomSetArguments {
  path: string;
  property: string;
  value: unknown;
}
export interface QueryBalloonResult {
  actual: QmpInteger;
}
export interface QueryBlockstatsArguments {
  'query-nodes'?: boolean | undefined;
}
export interface QueryColoStatusResult {
  mode: QmpOpenEnum<QueryColoStatusMode>;
  'last-mode': QmpOpenEnum<QueryColoStatusMode>;
  reason: QmpOpenEnum<QueryColoStatusReason>;
}
export interface QueryCommandLineOptionsArguments {
  option?: string | undefined;
}
export interface QueryCpuModelExpansionArguments {
  type: QueryCpuModelExpansionType;
  model: QueryCpuModelExpansionModel;
}
export interface QueryCpuModelExpansionResult {
  model: QueryCpuModelExpansionModel2;
}
export interface QueryCurrentMachineResult {
  'wakeup-suspend-support': boolean;
}
export interface QueryDirtyRateArguments {
  'calc-time-unit'?: CalcDirtyRateCalcTimeUnit | undefined;
}
export interface QueryDirtyRateResult {
  'dirty-rate'?: QmpInteger;
  status: QmpOpenEnum<QueryDirtyRateStatus>;
  'start-time': QmpInteger;
  'calc-time': QmpInteger;
  'calc-time-unit': QmpOpenEnum<CalcDirtyRateCalcTimeUnit>;
  'sample-pages': QmpInteger;
  mode: QmpOpenEnum<CalcDirtyRateMode>;
  'vcpu-dirty-rate'?: readonly QueryDirtyRateVcpuDirtyRate[];
}
export interface QueryDisplayOptionsResultCommon {
  'full-screen'?: boolean;
  'window-close'?: boolean;
  'show-cursor'?: boolean;
  gl?: QmpOpenEnum<QueryDisplayOptionsGl>;
}
export type QueryDisplayOptionsResult =
  | (QueryDisplayOptionsResultCommon & { type: 'gtk' } & QueryDisplayOptionsGtk)
  | (QueryDisplayOptionsResultCommon & { type: 'curses' } & QueryDisplayOptionsCurses)
  | (QueryDisplayOptionsResultCommon & { type: 'egl-headless' } & QueryDisplayOptionsEglHeadless)
  | (QueryDisplayOptionsResultCommon & { type: 'dbus' } & QueryDisplayOptionsDbus)
  | (QueryDisplayOptionsResultCommon & { type: 'sdl' } & QueryDisplayOptionsSdl)
  | (QueryDisplayOptionsResultCommon & { type: 'default' | 'none' | 'spice-app' });
export interface QueryDumpResult {
  status: QmpOpenEnum<QueryDumpStatus>;
  completed: QmpInteger;
  total: QmpInteger;
}
export interface QueryDumpGuestMemoryCapabilityResult {
  formats: readonly (QmpOpenEnum<DumpGuestMemoryFormat>)[];
}
export interface QueryHvBalloonStatusReportResult {
  committed: QmpInteger;
  available: QmpInteger;
}
export interface QueryKvmResult {
  enabled: boolean;
  present: boolean;
}
export interface QueryMachinesArguments {
  /** @experimental */
  'compat-props'?: boolean | undefined;
}
export interface QueryMemorySizeSummaryResult {
  'base-memory': QmpInteger;
  'plugged-memory'?: QmpInteger;
}
export interface QueryMigrateResult {
  status?: QmpOpenEnum<MigrateContinueState>;
  ram?: QueryMigrateRam;
  vfio?: QueryMigrateVfio;
  'xbzrle-cache'?: QueryMigrateXbzrleCache;
  'total-time'?: QmpInteger;
  'expected-downtime'?: QmpInteger;
  downtime?: QmpInteger;
  'setup-time'?: QmpInteger;
  'cpu-throttle-percentage'?: QmpInteger;
  'error-desc'?: string;
  'blocked-reasons'?: readonly string[];
  'postcopy-blocktime'?: QmpInteger;
  'postcopy-vcpu-blocktime'?: readonly QmpInteger[];
  'socket-address'?: readonly NetdevStreamConnectedAddr[];
  'dirty-limit-throttle-time-per-round'?: QmpInteger;
  'dirty-limit-ring-full-time'?: QmpInteger;
}
export interface QueryMigrateParametersResult {
  'announce-initial'?: QmpInteger;
  'announce-max'?: QmpInteger;
  'announce-rounds'?: QmpInteger;
  'announce-step'?: QmpInteger;
  'throttle-trigger-threshold'?: QmpInteger;
  'cpu-throttle-initial'?: QmpInteger;
  'cpu-throttle-increment'?: QmpInteger;
  'cpu-throttle-tailslow'?: boolean;
  'tls-creds'?: string;
  'tls-hostname'?: string;
  'tls-authz'?: string;
  'max-bandwidth'?: QmpInteger;
  'avail-switchover-bandwidth'?: QmpInteger;
  'downtime-limit'?: QmpInteger;
  /** @experimental */
  'x-checkpoint-delay'?: QmpInteger;
  'multifd-channels'?: QmpInteger;
  'xbzrle-cache-size'?: QmpInteger;
  'max-postcopy-bandwidth'?: QmpInteger;
  'max-cpu-throttle'?: QmpInteger;
  'multifd-compression'?: QmpOpenEnum<MigrateSetParametersMultifdCompression>;
  'multifd-zlib-level'?: QmpInteger;
  'multifd-qatzip-level'?: QmpInteger;
  'multifd-zstd-level'?: QmpInteger;
  'block-bitmap-mapping'?: readonly QueryMigrateParametersBlockBitmapMapping[];
  /** @experimental */
  'x-vcpu-dirty-limit-period'?: QmpInteger;
  'vcpu-dirty-limit'?: QmpInteger;
  mode?: QmpOpenEnum<MigrateSetParametersMode>;
  'zero-page-detection'?: QmpOpenEnum<MigrateSetParametersZeroPageDetection>;
  'direct-io'?: boolean;
}
export interface QueryNameResult {
  name?: string;
}
export interface QueryNamedBlockNodesArguments {
  flat?: boolean | undefined;
}
export interface QueryReplayResult {
  mode: QmpOpenEnum<QueryReplayMode>;
  filename?: string;
  icount: QmpInteger;
}
export interface QueryRockerArguments {
  name: string;
}
export interface QueryRockerResult {
  name: string;
  id: QmpInteger;
  ports: QmpInteger;
}
export interface QueryRockerOfDpaFlowsArguments {
  name: string;
  'tbl-id'?: QmpInteger | undefined;
}
export interface QueryRockerOfDpaGroupsArguments {
  name: string;
  type?: QmpInteger | undefined;
}
export interface QueryRockerPortsArguments {
  name: string;
}
export interface QueryRxFilterArguments {
  name?: string | undefined;
}
export interface QuerySevResultCommon {
  enabled: boolean;
  'api-major': QmpInteger;
  'api-minor': QmpInteger;
  'build-id': QmpInteger;
  state: QmpOpenEnum<QuerySevState>;
}
export type QuerySevResult =
  | (QuerySevResultCommon & { 'sev-type': 'sev' } & QuerySevSev)
  | (QuerySevResultCommon & { 'sev-type': 'sev-snp' } & QuerySevSevSnp);
export interface QuerySevAttestationReportArguments {
  mnonce: string;
}
export interface QuerySevAttestationReportResult {
  data: string;
}
export interface QuerySevCapabilitiesResult {
  pdh: string;
  'cert-chain': string;
  'cpu0-id': string;
  cbitpos: QmpInteger;
  'reduced-phys-bits': QmpInteger;
}
export interface QuerySevLaunchMeasureResult {
  data: string;
}
export interface QuerySgxResult {
  sgx: boolean;
  sgx1: boolean;
  sgx2: boolean;
  flc: boolean;
  sections: readonly QuerySgxSections[];
}
export interface QuerySpiceResult {
  enabled: boolean;
  migrated: boolean;
  host?: string;
  port?: QmpInteger;
  'tls-port'?: QmpInteger;
  auth?: string;
  'compiled-version'?: string;
  'mouse-mode': QmpOpenEnum<QuerySpiceMouseMode>;
  channels?: readonly SpiceInitializedClient[];
}
export interface QueryStatsArgumentsCommon {
  providers?: readonly QueryStatsProviders[] | undefined;
}
export type QueryStatsArguments =
  | (QueryStatsArgumentsCommon & { target: 'vcpu' } & QueryStatsVcpu)
  | (QueryStatsArgumentsCommon & { target: 'vm' | 'cryptodev' });
export interface QueryStatsSchemasArguments {
  provider?: QueryStatsSchemasProvider | undefined;
}
export interface QueryStatusResult {
  running: boolean;
  status: QmpOpenEnum<QueryStatusStatus>;
}
export interface QueryTargetResult {
  arch: QmpOpenEnum<QueryTargetArch>;
}
export interface QueryUuidResult {
  UUID: string;
}
export interface QueryVersionResult {
  qemu: QueryVersionQemu;
  package: string;
}
export interface QueryVmGenerationIdResult {
  guid: string;
}
export interface QueryVncResult {
  enabled: boolean;
  host?: string;
  family?: QmpOpenEnum<QueryVncFamily>;
  service?: string;
  auth?: string;
  clients?: readonly VncDisconnectedClient[];
}
export interface QueryXenReplicationStatusResult {
  error: boolean;
  desc?: string;
}
export interface RemoveFdArguments {
  'fdset-id': QmpInteger;
  fd?: QmpInteger | undefined;
}
export interface ReplayBreakArguments {
  icount: QmpInteger;
}
export interface ReplaySeekArguments {
  icount: QmpInteger;
}
export interface RequestEbpfArguments {
  id: RequestEbpfId;
}
export interface RequestEbpfResult {
  object: string;
}
export interface RingbufReadArguments {
  device: string;
  size: QmpInteger;
  format?: RingbufReadFormat | undefined;
}
export interface RingbufWriteArguments {
  device: string;
  data: string;
  format?: RingbufReadFormat | undefined;
}
export interface ScreendumpArguments {
  filename: string;
  device?: string | undefined;
  head?: QmpInteger | undefined;
  format?: ScreendumpFormat | undefined;
}
export interface SendKeyArguments {
  keys: readonly SendKeyKeys[];
  'hold-time'?: QmpInteger | undefined;
}
export interface SetActionArguments {
  reboot?: SetActionReboot | undefined;
  shutdown?: SetActionShutdown | undefined;
  panic?: SetActionPanic | undefined;
  watchdog?: SetActionWatchdog | undefined;
}
export type SetNumaNodeArguments =
  | ({ type: 'node' } & SetNumaNodeNode)
  | ({ type: 'dist' } & SetNumaNodeDist)
  | ({ type: 'cpu' } & SetNumaNodeCpu)
  | ({ type: 'hmat-lb' } & SetNumaNodeHmatLb)
  | ({ type: 'hmat-cache' } & SetNumaNodeHmatCache);
export interface SetVcpuDirtyLimitArguments {
  'cpu-index'?: QmpInteger | undefined;
  'dirty-rate': QmpInteger;
}
export interface SetLinkArguments {
  name: string;
  up: boolean;
}
export interface SetPasswordArgumentsCommon {
  password: string;
  connected?: SetPasswordConnected | undefined;
}
export type SetPasswordArguments =
  | (SetPasswordArgumentsCommon & { protocol: 'vnc' } & SetPasswordVnc)
  | (SetPasswordArgumentsCommon & { protocol: 'spice' });
export interface SevInjectLaunchSecretArguments {
  'packet-header': string;
  secret: string;
  gpa?: QmpInteger | undefined;
}
export interface SnapshotDeleteArguments {
  'job-id': string;
  tag: string;
  devices: readonly string[];
}
export interface SnapshotLoadArguments {
  'job-id': string;
  tag: string;
  vmstate: string;
  devices: readonly string[];
}
export interface SnapshotSaveArguments {
  'job-id': string;
  tag: string;
  vmstate: string;
  devices: readonly string[];
}
export interface TraceEventGetStateArguments {
  name: string;
}
export interface TraceEventSetStateArguments {
  name: string;
  enable: boolean;
  'ignore-unavailable'?: boolean | undefined;
}
export interface TransactionArguments {
  actions: readonly TransactionActions[];
  properties?: TransactionProperties | undefined;
}
export interface WatchdogSetActionArguments {
  action: SetActionWatchdog;
}
export interface XBlockdevAmendArguments {
  'job-id': string;
  'node-name': string;
  options: XBlockdevAmendOptions;
  force?: boolean | undefined;
}
export interface XBlockdevChangeArguments {
  parent: string;
  child?: string | undefined;
  node?: string | undefined;
}
export interface XBlockdevSetIothreadArguments {
  'node-name': string;
  iothread: MigrateSetParametersTlsCreds;
  force?: boolean | undefined;
}
export interface XDebugBlockDirtyBitmapSha256Result {
  sha256: string;
}
export interface XDebugQueryBlockGraphResult {
  nodes: readonly XDebugQueryBlockGraphNodes[];
  edges: readonly XDebugQueryBlockGraphEdges[];
}
export interface XQueryInterruptControllersResult {
  'human-readable-text': string;
}
export interface XQueryVirtioQueueElementArguments {
  path: string;
  queue: QmpInteger;
  index?: QmpInteger | undefined;
}
export interface XQueryVirtioQueueElementResult {
  name: string;
  index: QmpInteger;
  descs: readonly XQueryVirtioQueueElementDescs[];
  avail: XQueryVirtioQueueElementAvail;
  used: XQueryVirtioQueueElementUsed;
}
export interface XQueryVirtioQueueStatusArguments {
  path: string;
  queue: QmpInteger;
}
export interface XQueryVirtioQueueStatusResult {
  name: string;
  'queue-index': QmpInteger;
  inuse: QmpInteger;
  'vring-num': QmpInteger;
  'vring-num-default': QmpInteger;
  'vring-align': QmpInteger;
  'vring-desc': QmpInteger;
  'vring-avail': QmpInteger;
  'vring-used': QmpInteger;
  'last-avail-idx'?: QmpInteger;
  'shadow-avail-idx'?: QmpInteger;
  'used-idx': QmpInteger;
  'signalled-used': QmpInteger;
  'signalled-used-valid': boolean;
}
export interface XQueryVirtioStatusArguments {
  path: string;
}
export interface XQueryVirtioStatusResult {
  name: string;
  'device-id': QmpInteger;
  'vhost-started': boolean;
  'device-endian': string;
  'guest-features': XQueryVirtioStatusGuestFeatures;
  'host-features': XQueryVirtioStatusGuestFeatures;
  'backend-features': XQueryVirtioStatusGuestFeatures;
  'num-vqs': QmpInteger;
  status: XQueryVirtioStatusStatus;
  isr: QmpInteger;
  'queue-sel': QmpInteger;
  'vm-running': boolean;
  broken: boolean;
  disabled: boolean;
  'use-started': boolean;
  started: boolean;
  'start-on-kick': boolean;
  'disable-legacy-check': boolean;
  'bus-name': string;
  'use-guest-notifier-mask': boolean;
  'vhost-dev'?: XQueryVirtioStatusVhostDev;
}
export interface XQueryVirtioVhostQueueStatusArguments {
  path: string;
  queue: QmpInteger;
}
export interface XQueryVirtioVhostQueueStatusResult {
  name: string;
  kick: QmpInteger;
  call: QmpInteger;
  desc: QmpInteger;
  avail: QmpInteger;
  used: QmpInteger;
  num: QmpInteger;
  'desc-phys': QmpInteger;
  'desc-size': QmpInteger;
  'avail-phys': QmpInteger;
  'avail-size': QmpInteger;
  'used-phys': QmpInteger;
  'used-size': QmpInteger;
}
export interface XenEventInjectArguments {
  port: QmpInteger;
}
export interface XenLoadDevicesStateArguments {
  filename: string;
}
export interface XenSaveDevicesStateArguments {
  filename: string;
  live?: boolean | undefined;
}
export interface XenSetGlobalDirtyLogArguments {
  enable: boolean;
}
export interface XenSetReplicationArguments {
  enable: boolean;
  primary: boolean;
  failover?: boolean | undefined;
}
export interface YankArguments {
  instances: readonly YankInstances[];
}
export interface AcpiDeviceOstEvent {
  info: QueryAcpiOspmStatusResult;
}
export interface BalloonChangeEvent {
  actual: QmpInteger;
}
export interface BlockExportDeletedEvent {
  id: string;
}
export interface BlockImageCorruptedEvent {
  device: string;
  'node-name'?: string;
  msg: string;
  offset?: QmpInteger;
  size?: QmpInteger;
  fatal: boolean;
}
export interface BlockIoErrorEvent {
  'qom-path': string;
  device: string;
  'node-name'?: string;
  operation: QmpOpenEnum<BlockIoErrorOperation>;
  action: QmpOpenEnum<BlockIoErrorAction>;
  nospace?: boolean;
  reason: string;
}
export interface BlockJobCancelledEvent {
  type: QmpOpenEnum<BlockJobChangeType>;
  device: string;
  len: QmpInteger;
  offset: QmpInteger;
  speed: QmpInteger;
}
export interface BlockJobCompletedEvent {
  type: QmpOpenEnum<BlockJobChangeType>;
  device: string;
  len: QmpInteger;
  offset: QmpInteger;
  speed: QmpInteger;
  error?: string;
}
export interface BlockJobErrorEvent {
  device: string;
  operation: QmpOpenEnum<BlockIoErrorOperation>;
  action: QmpOpenEnum<BlockIoErrorAction>;
}
export interface BlockJobPendingEvent {
  type: QmpOpenEnum<BlockJobChangeType>;
  id: string;
}
export interface BlockJobReadyEvent {
  type: QmpOpenEnum<BlockJobChangeType>;
  device: string;
  len: QmpInteger;
  offset: QmpInteger;
  speed: QmpInteger;
}
export interface BlockWriteThresholdEvent {
  'node-name': string;
  'amount-exceeded': QmpInteger;
  'write-threshold': QmpInteger;
}
export interface ColoExitEvent {
  mode: QmpOpenEnum<QueryColoStatusMode>;
  reason: QmpOpenEnum<QueryColoStatusReason>;
}
export interface DeviceDeletedEvent {
  device?: string;
  path: string;
}
export interface DeviceTrayMovedEvent {
  device: string;
  id: string;
  'tray-open': boolean;
}
export interface DeviceUnplugGuestErrorEvent {
  device?: string;
  path: string;
}
export interface DumpCompletedEvent {
  result: QueryDumpResult;
  error?: string;
}
export interface FailoverNegotiatedEvent {
  'device-id': string;
}
export interface GuestCrashloadedEvent {
  action: QmpOpenEnum<GuestCrashloadedAction>;
  info?: GuestCrashloadedInfo;
}
export interface GuestPanickedEvent {
  action: QmpOpenEnum<GuestCrashloadedAction>;
  info?: GuestCrashloadedInfo;
}
export interface JobStatusChangeEvent {
  id: string;
  status: QmpOpenEnum<JobStatusChangeStatus>;
}
export interface MemoryDeviceSizeChangeEvent {
  id?: string;
  size: QmpInteger;
  'qom-path': string;
}
export interface MemoryFailureEvent {
  recipient: QmpOpenEnum<MemoryFailureRecipient>;
  action: QmpOpenEnum<MemoryFailureAction>;
  flags: MemoryFailureFlags;
}
export interface MigrationEvent {
  status: QmpOpenEnum<MigrateContinueState>;
}
export interface MigrationPassEvent {
  pass: QmpInteger;
}
export interface NetdevStreamConnectedEvent {
  'netdev-id': string;
  addr: NetdevStreamConnectedAddr;
}
export interface NetdevStreamDisconnectedEvent {
  'netdev-id': string;
}
export interface NetdevVhostUserConnectedEvent {
  'netdev-id': string;
  'chardev-id': string;
}
export interface NetdevVhostUserDisconnectedEvent {
  'netdev-id': string;
}
export interface NicRxFilterChangedEvent {
  name?: string;
  path: string;
}
export interface PrManagerStatusChangedEvent {
  id: string;
  connected: boolean;
}
export interface QuorumFailureEvent {
  reference: string;
  'sector-num': QmpInteger;
  'sectors-count': QmpInteger;
}
export interface QuorumReportBadEvent {
  type: QmpOpenEnum<QuorumReportBadType>;
  error?: string;
  'node-name': string;
  'sector-num': QmpInteger;
  'sectors-count': QmpInteger;
}
export interface ResetEvent {
  guest: boolean;
  reason: QmpOpenEnum<ResetReason>;
}
export interface RtcChangeEvent {
  offset: QmpInteger;
  'qom-path': string;
}
export interface ShutdownEvent {
  guest: boolean;
  reason: QmpOpenEnum<ResetReason>;
}
export interface SpiceConnectedEvent {
  server: SpiceConnectedServer;
  client: SpiceConnectedServer;
}
export interface SpiceDisconnectedEvent {
  server: SpiceConnectedServer;
  client: SpiceConnectedServer;
}
export interface SpiceInitializedEvent {
  server: SpiceInitializedServer;
  client: SpiceInitializedClient;
}
export interface UnplugPrimaryEvent {
  'device-id': string;
}
export interface VfioMigrationEvent {
  'device-id': string;
  'qom-path': string;
  'device-state': QmpOpenEnum<VfioMigrationDeviceState>;
}
export interface VfuClientHangupEvent {
  'vfu-id': string;
  'vfu-qom-path': string;
  'dev-id': string;
  'dev-qom-path': string;
}
export interface VncConnectedEvent {
  server: VncConnectedServer;
  client: VncConnectedClient;
}
export interface VncDisconnectedEvent {
  server: VncConnectedServer;
  client: VncDisconnectedClient;
}
export interface VncInitializedEvent {
  server: VncConnectedServer;
  client: VncDisconnectedClient;
}
export interface VserportChangeEvent {
  id: string;
  open: boolean;
}
export interface WatchdogEvent {
  action: QmpOpenEnum<SetActionWatchdog>;
}
export type BlockCommitOnError = 'report' | 'ignore' | 'enospc' | 'stop' | 'auto';
export type BlockExportAddType = 'nbd' | 'vhost-user-blk' | 'fuse' | 'vduse-blk';
export interface BlockExportAddNbd {
  name?: string | undefined;
  description?: string | undefined;
  bitmaps?: readonly BlockDirtyBitmapMergeBitmaps[] | undefined;
  'allocation-depth'?: boolean | undefined;
}
export interface BlockExportAddVhostUserBlk {
  addr: BlockExportAddVhostUserBlkAddr;
  'logical-block-size'?: QmpInteger | undefined;
  'num-queues'?: QmpInteger | undefined;
}
export interface BlockExportAddFuse {
  mountpoint: string;
  growable?: boolean | undefined;
  'allow-other'?: BlockExportAddFuseAllowOther | undefined;
}
export interface BlockExportAddVduseBlk {
  name: string;
  'num-queues'?: QmpInteger | undefined;
  'queue-size'?: QmpInteger | undefined;
  'logical-block-size'?: QmpInteger | undefined;
  serial?: string | undefined;
}
export type BlockExportDelMode = 'safe' | 'hard';
export type BlockJobChangeType = 'commit' | 'stream' | 'mirror' | 'backup' | 'create' | 'amend' | 'snapshot-load' | 'snapshot-save' | 'snapshot-delete';
export interface BlockJobChangeMirror {
  'copy-mode': BlockdevMirrorCopyMode;
}
export type BlockdevAddDriver = 'blkdebug' | 'blklogwrites' | 'blkreplay' | 'blkverify' | 'bochs' | 'cloop' | 'compress' | 'copy-before-write' | 'copy-on-read' | 'dmg' | 'file' | 'snapshot-access' | 'ftp' | 'ftps' | 'gluster' | 'host_cdrom' | 'host_device' | 'http' | 'https' | 'io_uring' | 'iscsi' | 'luks' | 'nbd' | 'nfs' | 'null-aio' | 'null-co' | 'nvme' | 'nvme-io_uring' | 'parallels' | 'preallocate' | 'qcow' | 'qcow2' | 'qed' | 'quorum' | 'raw' | 'rbd' | 'replication' | 'ssh' | 'throttle' | 'vdi' | 'vhdx' | 'virtio-blk-vfio-pci' | 'virtio-blk-vhost-user' | 'virtio-blk-vhost-vdpa' | 'vmdk' | 'vpc' | 'vvfat';
export type BlockdevAddDiscard = 'ignore' | 'unmap';
export interface BlockdevAddCache {
  direct?: boolean | undefined;
  'no-flush'?: boolean | undefined;
}
export type BlockdevAddDetectZeroes = 'off' | 'on' | 'unmap';
export interface BlockdevAddBlkdebug {
  image: BlockdevAddBlkdebugImage;
  config?: string | undefined;
  align?: QmpInteger | undefined;
  'max-transfer'?: QmpInteger | undefined;
  'opt-write-zero'?: QmpInteger | undefined;
  'max-write-zero'?: QmpInteger | undefined;
  'opt-discard'?: QmpInteger | undefined;
  'max-discard'?: QmpInteger | undefined;
  'inject-error'?: readonly BlockdevAddBlkdebugInjectError[] | undefined;
  'set-state'?: readonly BlockdevAddBlkdebugSetState[] | undefined;
  'take-child-perms'?: readonly BlockdevAddBlkdebugTakeChildPerms[] | undefined;
  'unshare-child-perms'?: readonly BlockdevAddBlkdebugTakeChildPerms[] | undefined;
}
export interface BlockdevAddBlklogwrites {
  file: BlockdevAddBlkdebugImage;
  log: BlockdevAddBlkdebugImage;
  'log-sector-size'?: QmpInteger | undefined;
  'log-append'?: boolean | undefined;
  'log-super-update-interval'?: QmpInteger | undefined;
}
export interface BlockdevAddBlkverify {
  test: BlockdevAddBlkdebugImage;
  raw: BlockdevAddBlkdebugImage;
}
export interface BlockdevAddBlkreplay {
  image: BlockdevAddBlkdebugImage;
}
export interface BlockdevAddBochs {
  file: BlockdevAddBlkdebugImage;
}
export interface BlockdevAddCopyBeforeWrite {
  file: BlockdevAddBlkdebugImage;
  target: BlockdevAddBlkdebugImage;
  bitmap?: BlockDirtyBitmapClearArguments | undefined;
  'on-cbw-error'?: BlockdevAddCopyBeforeWriteOnCbwError | undefined;
  'cbw-timeout'?: QmpInteger | undefined;
  'min-cluster-size'?: QmpInteger | undefined;
}
export interface BlockdevAddCopyOnRead {
  file: BlockdevAddBlkdebugImage;
  bottom?: string | undefined;
}
export interface BlockdevAddFile {
  filename: string;
  'pr-manager'?: string | undefined;
  locking?: BlockdevAddFileLocking | undefined;
  aio?: BlockdevAddFileAio | undefined;
  'aio-max-batch'?: QmpInteger | undefined;
  'drop-cache'?: boolean | undefined;
  /** @experimental */
  'x-check-cache-dropped'?: boolean | undefined;
}
export interface BlockdevAddFtp {
  url: string;
  readahead?: QmpInteger | undefined;
  timeout?: QmpInteger | undefined;
  username?: string | undefined;
  'password-secret'?: string | undefined;
  'proxy-username'?: string | undefined;
  'proxy-password-secret'?: string | undefined;
}
export interface BlockdevAddFtps {
  url: string;
  readahead?: QmpInteger | undefined;
  timeout?: QmpInteger | undefined;
  username?: string | undefined;
  'password-secret'?: string | undefined;
  'proxy-username'?: string | undefined;
  'proxy-password-secret'?: string | undefined;
  sslverify?: boolean | undefined;
}
export interface BlockdevAddGluster {
  volume: string;
  path: string;
  server: readonly BlockExportAddVhostUserBlkAddr[];
  debug?: QmpInteger | undefined;
  logfile?: string | undefined;
}
export interface BlockdevAddHttp {
  url: string;
  readahead?: QmpInteger | undefined;
  timeout?: QmpInteger | undefined;
  username?: string | undefined;
  'password-secret'?: string | undefined;
  'proxy-username'?: string | undefined;
  'proxy-password-secret'?: string | undefined;
  cookie?: string | undefined;
  'cookie-secret'?: string | undefined;
}
export interface BlockdevAddHttps {
  url: string;
  readahead?: QmpInteger | undefined;
  timeout?: QmpInteger | undefined;
  username?: string | undefined;
  'password-secret'?: string | undefined;
  'proxy-username'?: string | undefined;
  'proxy-password-secret'?: string | undefined;
  cookie?: string | undefined;
  sslverify?: boolean | undefined;
  'cookie-secret'?: string | undefined;
}
export interface BlockdevAddIoUring {
  filename: string;
}
export interface BlockdevAddIscsi {
  transport: BlockdevAddIscsiTransport;
  portal: string;
  target: string;
  lun?: QmpInteger | undefined;
  user?: string | undefined;
  'password-secret'?: string | undefined;
  'initiator-name'?: string | undefined;
  'header-digest'?: BlockdevAddIscsiHeaderDigest | undefined;
  timeout?: QmpInteger | undefined;
}
export interface BlockdevAddLuks {
  file: BlockdevAddBlkdebugImage;
  'key-secret'?: string | undefined;
  header?: BlockdevAddBlkdebugImage | undefined;
}
export interface BlockdevAddNbd {
  server: BlockExportAddVhostUserBlkAddr;
  export?: string | undefined;
  'tls-creds'?: string | undefined;
  'tls-hostname'?: string | undefined;
  /** @experimental */
  'x-dirty-bitmap'?: string | undefined;
  'reconnect-delay'?: QmpInteger | undefined;
  'open-timeout'?: QmpInteger | undefined;
}
export interface BlockdevAddNfs {
  server: BlockdevAddNfsServer;
  path: string;
  user?: QmpInteger | undefined;
  group?: QmpInteger | undefined;
  'tcp-syn-count'?: QmpInteger | undefined;
  'readahead-size'?: QmpInteger | undefined;
  'page-cache-size'?: QmpInteger | undefined;
  debug?: QmpInteger | undefined;
}
export interface BlockdevAddNullAio {
  size?: QmpInteger | undefined;
  'latency-ns'?: QmpInteger | undefined;
  'read-zeroes'?: boolean | undefined;
}
export interface BlockdevAddNvme {
  device: string;
  namespace: QmpInteger;
}
export interface BlockdevAddNvmeIoUring {
  path: string;
}
export interface BlockdevAddPreallocate {
  file: BlockdevAddBlkdebugImage;
  'prealloc-align'?: QmpInteger | undefined;
  'prealloc-size'?: QmpInteger | undefined;
}
export interface BlockdevAddQcow2 {
  file: BlockdevAddBlkdebugImage;
  backing?: BlockdevAddQcow2Backing | undefined;
  'lazy-refcounts'?: boolean | undefined;
  'pass-discard-request'?: boolean | undefined;
  'pass-discard-snapshot'?: boolean | undefined;
  'pass-discard-other'?: boolean | undefined;
  'discard-no-unref'?: boolean | undefined;
  'overlap-check'?: BlockdevAddQcow2OverlapCheck | undefined;
  'cache-size'?: QmpInteger | undefined;
  'l2-cache-size'?: QmpInteger | undefined;
  'l2-cache-entry-size'?: QmpInteger | undefined;
  'refcount-cache-size'?: QmpInteger | undefined;
  'cache-clean-interval'?: QmpInteger | undefined;
  encrypt?: BlockdevAddQcow2Encrypt | undefined;
  'data-file'?: BlockdevAddBlkdebugImage | undefined;
}
export interface BlockdevAddQcow {
  file: BlockdevAddBlkdebugImage;
  backing?: BlockdevAddQcow2Backing | undefined;
  encrypt?: BlockdevAddQcowEncrypt | undefined;
}
export interface BlockdevAddQed {
  file: BlockdevAddBlkdebugImage;
  backing?: BlockdevAddQcow2Backing | undefined;
}
export interface BlockdevAddQuorum {
  blkverify?: boolean | undefined;
  children: readonly BlockdevAddBlkdebugImage[];
  'vote-threshold': QmpInteger;
  'rewrite-corrupted'?: boolean | undefined;
  'read-pattern'?: BlockdevAddQuorumReadPattern | undefined;
}
export interface BlockdevAddRaw {
  file: BlockdevAddBlkdebugImage;
  offset?: QmpInteger | undefined;
  size?: QmpInteger | undefined;
}
export interface BlockdevAddRbd {
  pool: string;
  namespace?: string | undefined;
  image: string;
  conf?: string | undefined;
  snapshot?: string | undefined;
  encrypt?: BlockdevAddRbdEncrypt | undefined;
  user?: string | undefined;
  'auth-client-required'?: readonly BlockdevAddRbdAuthClientRequired[] | undefined;
  'key-secret'?: string | undefined;
  server?: readonly BlockdevAddRbdServer[] | undefined;
}
export interface BlockdevAddReplication {
  file: BlockdevAddBlkdebugImage;
  mode: BlockdevAddReplicationMode;
  'top-id'?: string | undefined;
}
export interface BlockdevAddSsh {
  server: BlockdevAddSshServer;
  path: string;
  user?: string | undefined;
  'host-key-check'?: BlockdevAddSshHostKeyCheck | undefined;
}
export interface BlockdevAddThrottle {
  'throttle-group': string;
  file: BlockdevAddBlkdebugImage;
}
export interface BlockdevAddVirtioBlkVfioPci {
  path: string;
}
export interface BlockdevAddVirtioBlkVhostUser {
  path: string;
}
export interface BlockdevAddVirtioBlkVhostVdpa {
  path: string;
}
export interface BlockdevAddVvfat {
  dir: string;
  'fat-type'?: QmpInteger | undefined;
  floppy?: boolean | undefined;
  label?: string | undefined;
  rw?: boolean | undefined;
}
export type BlockdevBackupSync = 'top' | 'full' | 'none' | 'incremental' | 'bitmap';
export type BlockdevBackupBitmapMode = 'on-success' | 'never' | 'always';
export interface BlockdevBackupXPerf {
  'use-copy-range'?: boolean | undefined;
  'max-workers'?: QmpInteger | undefined;
  'max-chunk'?: QmpInteger | undefined;
  'min-cluster-size'?: QmpInteger | undefined;
}
export type BlockdevChangeMediumReadOnlyMode = 'retain' | 'read-only' | 'read-write';
export type BlockdevCreateOptions =
  | ({ driver: 'file' } & BlockdevCreateOptionsFile)
  | ({ driver: 'gluster' } & BlockdevCreateOptionsGluster)
  | ({ driver: 'luks' } & BlockdevCreateOptionsLuks)
  | ({ driver: 'nfs' } & BlockdevCreateOptionsNfs)
  | ({ driver: 'parallels' } & BlockdevCreateOptionsParallels)
  | ({ driver: 'qcow' } & BlockdevCreateOptionsQcow)
  | ({ driver: 'qcow2' } & BlockdevCreateOptionsQcow2)
  | ({ driver: 'qed' } & BlockdevCreateOptionsQed)
  | ({ driver: 'rbd' } & BlockdevCreateOptionsRbd)
  | ({ driver: 'ssh' } & BlockdevCreateOptionsSsh)
  | ({ driver: 'vdi' } & BlockdevCreateOptionsVdi)
  | ({ driver: 'vhdx' } & BlockdevCreateOptionsVhdx)
  | ({ driver: 'vmdk' } & BlockdevCreateOptionsVmdk)
  | ({ driver: 'vpc' } & BlockdevCreateOptionsVpc)
  | ({ driver: 'blkdebug' | 'blklogwrites' | 'blkreplay' | 'blkverify' | 'bochs' | 'cloop' | 'compress' | 'copy-before-write' | 'copy-on-read' | 'dmg' | 'snapshot-access' | 'ftp' | 'ftps' | 'host_cdrom' | 'host_device' | 'http' | 'https' | 'io_uring' | 'iscsi' | 'nbd' | 'null-aio' | 'null-co' | 'nvme' | 'nvme-io_uring' | 'preallocate' | 'quorum' | 'raw' | 'replication' | 'throttle' | 'virtio-blk-vfio-pci' | 'virtio-blk-vhost-user' | 'virtio-blk-vhost-vdpa' | 'vvfat' });
export type BlockdevMirrorCopyMode = 'background' | 'write-blocking';
export type BlockdevSnapshotSyncMode = 'existing' | 'absolute-paths';
export type CalcDirtyRateCalcTimeUnit = 'second' | 'millisecond';
export type CalcDirtyRateMode = 'page-sampling' | 'dirty-ring' | 'dirty-bitmap';
export type ChardevAddBackend =
  | ({ type: 'file' } & ChardevAddBackendFile)
  | ({ type: 'serial' | 'parallel' | 'pipe' } & ChardevAddBackendSerial)
  | ({ type: 'socket' } & ChardevAddBackendSocket)
  | ({ type: 'udp' } & ChardevAddBackendUdp)
  | ({ type: 'pty' } & ChardevAddBackendPty)
  | ({ type: 'null' | 'msmouse' | 'wctablet' | 'braille' | 'testdev' } & ChardevAddBackendNull)
  | ({ type: 'mux' } & ChardevAddBackendMux)
  | ({ type: 'hub' } & ChardevAddBackendHub)
  | ({ type: 'stdio' } & ChardevAddBackendStdio)
  | ({ type: 'spicevmc' } & ChardevAddBackendSpicevmc)
  | ({ type: 'spiceport' } & ChardevAddBackendSpiceport)
  | ({ type: 'qemu-vdagent' } & ChardevAddBackendQemuVdagent)
  | ({ type: 'dbus' } & ChardevAddBackendDbus)
  | ({ type: 'vc' } & ChardevAddBackendVc)
  | ({ type: 'ringbuf' | 'memory' } & ChardevAddBackendRingbuf);
export type CxlAddDynamicCapacitySelectionPolicy = 'free' | 'contiguous' | 'prescriptive' | 'enable-shared-access';
export type CxlInjectCorrectableErrorType = 'cache-data-ecc' | 'mem-data-ecc' | 'crc-threshold' | 'retry-threshold' | 'cache-poison-received' | 'mem-poison-received' | 'physical';
export type CxlInjectDramEventLog = 'informational' | 'warning' | 'failure' | 'fatal';
export type CxlReleaseDynamicCapacityRemovalPolicy = 'tag-based' | 'prescriptive';
export interface DeviceListPropertiesResult {
  name: string;
  type: string;
  description?: string;
  'default-value'?: unknown;
}
export type DisplayReloadType = 'vnc';
export interface DisplayReloadVnc {
  'tls-certs'?: boolean | undefined;
}
export type DisplayUpdateType = 'vnc';
export interface DisplayUpdateVnc {
  addresses?: readonly BlockExportAddVhostUserBlkAddr[] | undefined;
}
export type DumpGuestMemoryFormat = 'elf' | 'kdump-zlib' | 'kdump-lzo' | 'kdump-snappy' | 'kdump-raw-zlib' | 'kdump-raw-lzo' | 'kdump-raw-snappy' | 'win-dmp';
export type ExpirePasswordProtocol = 'vnc' | 'spice';
export interface ExpirePasswordVnc {
  display?: string | undefined;
}
export type MigrateContinueState = 'none' | 'setup' | 'cancelling' | 'cancelled' | 'active' | 'postcopy-active' | 'postcopy-paused' | 'postcopy-recover-setup' | 'postcopy-recover' | 'completed' | 'failed' | 'colo' | 'pre-switchover' | 'device' | 'wait-unplug';
export type MigrateSetParametersTlsCreds = string | null;
export type MigrateSetParametersMultifdCompression = 'none' | 'zlib' | 'zstd';
export type MigrateSetParametersMode = 'normal' | 'cpr-reboot' | 'cpr-transfer';
export type MigrateSetParametersZeroPageDetection = 'none' | 'legacy' | 'multifd';
export type NbdServerStartAddr =
  | ({ type: 'inet' } & NbdServerStartAddrInet)
  | ({ type: 'unix' } & NbdServerStartAddrUnix)
  | ({ type: 'vsock' } & NbdServerStartAddrVsock)
  | ({ type: 'fd' } & NbdServerStartAddrFd);
export type NetdevAddType = 'none' | 'nic' | 'user' | 'tap' | 'l2tpv3' | 'socket' | 'stream' | 'dgram' | 'vde' | 'bridge' | 'hubport' | 'netmap' | 'vhost-user' | 'vhost-vdpa';
export interface NetdevAddNic {
  netdev?: string | undefined;
  macaddr?: string | undefined;
  model?: string | undefined;
  addr?: string | undefined;
  vectors?: QmpInteger | undefined;
}
export interface NetdevAddUser {
  hostname?: string | undefined;
  restrict?: boolean | undefined;
  ipv4?: boolean | undefined;
  ipv6?: boolean | undefined;
  ip?: string | undefined;
  net?: string | undefined;
  host?: string | undefined;
  tftp?: string | undefined;
  bootfile?: string | undefined;
  dhcpstart?: string | undefined;
  dns?: string | undefined;
  dnssearch?: readonly NetdevAddUserDnssearch[] | undefined;
  domainname?: string | undefined;
  'ipv6-prefix'?: string | undefined;
  'ipv6-prefixlen'?: QmpInteger | undefined;
  'ipv6-host'?: string | undefined;
  'ipv6-dns'?: string | undefined;
  smb?: string | undefined;
  smbserver?: string | undefined;
  hostfwd?: readonly NetdevAddUserDnssearch[] | undefined;
  guestfwd?: readonly NetdevAddUserDnssearch[] | undefined;
  'tftp-server-name'?: string | undefined;
}
export interface NetdevAddTap {
  ifname?: string | undefined;
  fd?: string | undefined;
  fds?: string | undefined;
  script?: string | undefined;
  downscript?: string | undefined;
  br?: string | undefined;
  helper?: string | undefined;
  sndbuf?: QmpInteger | undefined;
  vnet_hdr?: boolean | undefined;
  vhost?: boolean | undefined;
  vhostfd?: string | undefined;
  vhostfds?: string | undefined;
  vhostforce?: boolean | undefined;
  queues?: QmpInteger | undefined;
  'poll-us'?: QmpInteger | undefined;
}
export interface NetdevAddL2tpv3 {
  src: string;
  dst: string;
  srcport?: string | undefined;
  dstport?: string | undefined;
  ipv6?: boolean | undefined;
  udp?: boolean | undefined;
  cookie64?: boolean | undefined;
  counter?: boolean | undefined;
  pincounter?: boolean | undefined;
  txcookie?: QmpInteger | undefined;
  rxcookie?: QmpInteger | undefined;
  txsession: QmpInteger;
  rxsession?: QmpInteger | undefined;
  offset?: QmpInteger | undefined;
}
export interface NetdevAddSocket {
  fd?: string | undefined;
  listen?: string | undefined;
  connect?: string | undefined;
  mcast?: string | undefined;
  localaddr?: string | undefined;
  udp?: string | undefined;
}
export interface NetdevAddStream {
  addr: BlockExportAddVhostUserBlkAddr;
  server?: boolean | undefined;
  /** @deprecated */
  reconnect?: QmpInteger | undefined;
  'reconnect-ms'?: QmpInteger | undefined;
}
export interface NetdevAddDgram {
  local?: BlockExportAddVhostUserBlkAddr | undefined;
  remote?: BlockExportAddVhostUserBlkAddr | undefined;
}
export interface NetdevAddVde {
  sock?: string | undefined;
  port?: QmpInteger | undefined;
  group?: string | undefined;
  mode?: QmpInteger | undefined;
}
export interface NetdevAddBridge {
  br?: string | undefined;
  helper?: string | undefined;
}
export interface NetdevAddHubport {
  hubid: QmpInteger;
  netdev?: string | undefined;
}
export interface NetdevAddNetmap {
  ifname: string;
  devname?: string | undefined;
}
export interface NetdevAddVhostUser {
  chardev: string;
  vhostforce?: boolean | undefined;
  queues?: QmpInteger | undefined;
}
export interface NetdevAddVhostVdpa {
  vhostdev?: string | undefined;
  vhostfd?: string | undefined;
  queues?: QmpInteger | undefined;
  /** @experimental */
  'x-svq'?: boolean | undefined;
}
export type ObjectAddQomType = 'acpi-generic-initiator' | 'acpi-generic-port' | 'authz-list' | 'authz-listfile' | 'authz-pam' | 'authz-simple' | 'can-bus' | 'can-host-socketcan' | 'colo-compare' | 'cryptodev-backend' | 'cryptodev-backend-builtin' | 'cryptodev-backend-lkcf' | 'cryptodev-vhost-user' | 'dbus-vmstate' | 'filter-buffer' | 'filter-dump' | 'filter-mirror' | 'filter-redirector' | 'filter-replay' | 'filter-rewriter' | 'input-barrier' | 'input-linux' | 'iommufd' | 'iothread' | 'main-loop' | 'memory-backend-epc' | 'memory-backend-file' | 'memory-backend-memfd' | 'memory-backend-ram' | 'memory-backend-shm' | 'pef-guest' | 'pr-manager-helper' | 'qtest' | 'rng-builtin' | 'rng-egd' | 'rng-random' | 'secret' | 'secret_keyring' | 'sev-guest' | 'sev-snp-guest' | 'thread-context' | 's390-pv-guest' | 'throttle-group' | 'tls-creds-anon' | 'tls-creds-psk' | 'tls-creds-x509' | 'tls-cipher-suites' | 'x-remote-object' | 'x-vfio-user-server';
export interface ObjectAddAcpiGenericInitiator {
  'pci-dev': string;
  node: QmpInteger;
}
export interface ObjectAddAcpiGenericPort {
  'pci-bus': string;
  node: QmpInteger;
}
export interface ObjectAddAuthzList {
  policy?: ObjectAddAuthzListPolicy | undefined;
  rules?: readonly ObjectAddAuthzListRules[] | undefined;
}
export interface ObjectAddAuthzListfile {
  filename: string;
  refresh?: boolean | undefined;
}
export interface ObjectAddAuthzPam {
  service: string;
}
export interface ObjectAddAuthzSimple {
  identity: string;
}
export interface ObjectAddCanHostSocketcan {
  if: string;
  canbus: string;
}
export interface ObjectAddColoCompare {
  primary_in: string;
  secondary_in: string;
  outdev: string;
  iothread: string;
  notify_dev?: string | undefined;
  compare_timeout?: QmpInteger | undefined;
  expired_scan_cycle?: QmpInteger | undefined;
  max_queue_size?: QmpInteger | undefined;
  vnet_hdr_support?: boolean | undefined;
}
export interface ObjectAddCryptodevBackend {
  queues?: QmpInteger | undefined;
  'throttle-bps'?: QmpInteger | undefined;
  'throttle-ops'?: QmpInteger | undefined;
}
export interface ObjectAddCryptodevVhostUser {
  queues?: QmpInteger | undefined;
  'throttle-bps'?: QmpInteger | undefined;
  'throttle-ops'?: QmpInteger | undefined;
  chardev: string;
}
export interface ObjectAddDbusVmstate {
  addr: string;
  'id-list'?: string | undefined;
}
export interface ObjectAddFilterBuffer {
  netdev: string;
  queue?: ObjectAddFilterBufferQueue | undefined;
  status?: string | undefined;
  position?: string | undefined;
  insert?: ObjectAddFilterBufferInsert | undefined;
  interval: QmpInteger;
}
export interface ObjectAddFilterDump {
  netdev: string;
  queue?: ObjectAddFilterBufferQueue | undefined;
  status?: string | undefined;
  position?: string | undefined;
  insert?: ObjectAddFilterBufferInsert | undefined;
  file: string;
  maxlen?: QmpInteger | undefined;
}
export interface ObjectAddFilterMirror {
  netdev: string;
  queue?: ObjectAddFilterBufferQueue | undefined;
  status?: string | undefined;
  position?: string | undefined;
  insert?: ObjectAddFilterBufferInsert | undefined;
  outdev: string;
  vnet_hdr_support?: boolean | undefined;
}
export interface ObjectAddFilterRedirector {
  netdev: string;
  queue?: ObjectAddFilterBufferQueue | undefined;
  status?: string | undefined;
  position?: string | undefined;
  insert?: ObjectAddFilterBufferInsert | undefined;
  indev?: string | undefined;
  outdev?: string | undefined;
  vnet_hdr_support?: boolean | undefined;
}
export interface ObjectAddFilterReplay {
  netdev: string;
  queue?: ObjectAddFilterBufferQueue | undefined;
  status?: string | undefined;
  position?: string | undefined;
  insert?: ObjectAddFilterBufferInsert | undefined;
}
export interface ObjectAddFilterRewriter {
  netdev: string;
  queue?: ObjectAddFilterBufferQueue | undefined;
  status?: string | undefined;
  position?: string | undefined;
  insert?: ObjectAddFilterBufferInsert | undefined;
  vnet_hdr_support?: boolean | undefined;
}
export interface ObjectAddInputBarrier {
  name: string;
  server?: string | undefined;
  port?: string | undefined;
  'x-origin'?: string | undefined;
  'y-origin'?: string | undefined;
  width?: string | undefined;
  height?: string | undefined;
}
export interface ObjectAddInputLinux {
  evdev: string;
  grab_all?: boolean | undefined;
  repeat?: boolean | undefined;
  'grab-toggle'?: ObjectAddInputLinuxGrabToggle | undefined;
}
export interface ObjectAddIommufd {
  fd?: string | undefined;
}
export interface ObjectAddIothread {
  'aio-max-batch'?: QmpInteger | undefined;
  'thread-pool-min'?: QmpInteger | undefined;
  'thread-pool-max'?: QmpInteger | undefined;
  'poll-max-ns'?: QmpInteger | undefined;
  'poll-grow'?: QmpInteger | undefined;
  'poll-shrink'?: QmpInteger | undefined;
}
export interface ObjectAddMainLoop {
  'aio-max-batch'?: QmpInteger | undefined;
  'thread-pool-min'?: QmpInteger | undefined;
  'thread-pool-max'?: QmpInteger | undefined;
}
export interface ObjectAddMemoryBackendEpc {
  dump?: boolean | undefined;
  'host-nodes'?: readonly QmpInteger[] | undefined;
  merge?: boolean | undefined;
  policy?: ObjectAddMemoryBackendEpcPolicy | undefined;
  prealloc?: boolean | undefined;
  'prealloc-threads'?: QmpInteger | undefined;
  'prealloc-context'?: string | undefined;
  share?: boolean | undefined;
  reserve?: boolean | undefined;
  size: QmpInteger;
  'x-use-canonical-path-for-ramblock-id'?: boolean | undefined;
}
export interface ObjectAddMemoryBackendFile {
  dump?: boolean | undefined;
  'host-nodes'?: readonly QmpInteger[] | undefined;
  merge?: boolean | undefined;
  policy?: ObjectAddMemoryBackendEpcPolicy | undefined;
  prealloc?: boolean | undefined;
  'prealloc-threads'?: QmpInteger | undefined;
  'prealloc-context'?: string | undefined;
  share?: boolean | undefined;
  reserve?: boolean | undefined;
  size: QmpInteger;
  'x-use-canonical-path-for-ramblock-id'?: boolean | undefined;
  align?: QmpInteger | undefined;
  offset?: QmpInteger | undefined;
  'discard-data'?: boolean | undefined;
  'mem-path': string;
  pmem?: boolean | undefined;
  readonly?: boolean | undefined;
  rom?: BlockdevAddFileLocking | undefined;
}
export interface ObjectAddMemoryBackendMemfd {
  dump?: boolean | undefined;
  'host-nodes'?: readonly QmpInteger[] | undefined;
  merge?: boolean | undefined;
  policy?: ObjectAddMemoryBackendEpcPolicy | undefined;
  prealloc?: boolean | undefined;
  'prealloc-threads'?: QmpInteger | undefined;
  'prealloc-context'?: string | undefined;
  share?: boolean | undefined;
  reserve?: boolean | undefined;
  size: QmpInteger;
  'x-use-canonical-path-for-ramblock-id'?: boolean | undefined;
  hugetlb?: boolean | undefined;
  hugetlbsize?: QmpInteger | undefined;
  seal?: boolean | undefined;
}
export interface ObjectAddMemoryBackendRam {
  dump?: boolean | undefined;
  'host-nodes'?: readonly QmpInteger[] | undefined;
  merge?: boolean | undefined;
  policy?: ObjectAddMemoryBackendEpcPolicy | undefined;
  prealloc?: boolean | undefined;
  'prealloc-threads'?: QmpInteger | undefined;
  'prealloc-context'?: string | undefined;
  share?: boolean | undefined;
  reserve?: boolean | undefined;
  size: QmpInteger;
  'x-use-canonical-path-for-ramblock-id'?: boolean | undefined;
}
export interface ObjectAddMemoryBackendShm {
  dump?: boolean | undefined;
  'host-nodes'?: readonly QmpInteger[] | undefined;
  merge?: boolean | undefined;
  policy?: ObjectAddMemoryBackendEpcPolicy | undefined;
  prealloc?: boolean | undefined;
  'prealloc-threads'?: QmpInteger | undefined;
  'prealloc-context'?: string | undefined;
  share?: boolean | undefined;
  reserve?: boolean | undefined;
  size: QmpInteger;
  'x-use-canonical-path-for-ramblock-id'?: boolean | undefined;
}
export interface ObjectAddPrManagerHelper {
  path: string;
}
export interface ObjectAddQtest {
  chardev: string;
  log?: string | undefined;
}
export interface ObjectAddRngBuiltin {
  /** @deprecated */
  opened?: boolean | undefined;
}
export interface ObjectAddRngEgd {
  /** @deprecated */
  opened?: boolean | undefined;
  chardev: string;
}
export interface ObjectAddRngRandom {
  /** @deprecated */
  opened?: boolean | undefined;
  filename?: string | undefined;
}
export interface ObjectAddSecret {
  format?: ObjectAddSecretFormat | undefined;
  keyid?: string | undefined;
  iv?: string | undefined;
  data?: string | undefined;
  file?: string | undefined;
}
export interface ObjectAddSecretKeyring {
  format?: ObjectAddSecretFormat | undefined;
  keyid?: string | undefined;
  iv?: string | undefined;
  serial: QmpInteger;
}
export interface ObjectAddSevGuest {
  'sev-device'?: string | undefined;
  cbitpos?: QmpInteger | undefined;
  'reduced-phys-bits': QmpInteger;
  'kernel-hashes'?: boolean | undefined;
  'dh-cert-file'?: string | undefined;
  'session-file'?: string | undefined;
  policy?: QmpInteger | undefined;
  handle?: QmpInteger | undefined;
  'legacy-vm-type'?: BlockdevAddFileLocking | undefined;
}
export interface ObjectAddSevSnpGuest {
  'sev-device'?: string | undefined;
  cbitpos?: QmpInteger | undefined;
  'reduced-phys-bits': QmpInteger;
  'kernel-hashes'?: boolean | undefined;
  policy?: QmpInteger | undefined;
  'guest-visible-workarounds'?: string | undefined;
  'id-block'?: string | undefined;
  'id-auth'?: string | undefined;
  'author-key-enabled'?: boolean | undefined;
  'host-data'?: string | undefined;
  'vcek-disabled'?: boolean | undefined;
}
export interface ObjectAddThreadContext {
  'cpu-affinity'?: readonly QmpInteger[] | undefined;
  'node-affinity'?: readonly QmpInteger[] | undefined;
}
export interface ObjectAddThrottleGroup {
  limits?: ObjectAddThrottleGroupLimits | undefined;
  /** @experimental */
  'x-iops-total'?: QmpInteger | undefined;
  /** @experimental */
  'x-iops-total-max'?: QmpInteger | undefined;
  /** @experimental */
  'x-iops-total-max-length'?: QmpInteger | undefined;
  /** @experimental */
  'x-iops-read'?: QmpInteger | undefined;
  /** @experimental */
  'x-iops-read-max'?: QmpInteger | undefined;
  /** @experimental */
  'x-iops-read-max-length'?: QmpInteger | undefined;
  /** @experimental */
  'x-iops-write'?: QmpInteger | undefined;
  /** @experimental */
  'x-iops-write-max'?: QmpInteger | undefined;
  /** @experimental */
  'x-iops-write-max-length'?: QmpInteger | undefined;
  /** @experimental */
  'x-bps-total'?: QmpInteger | undefined;
  /** @experimental */
  'x-bps-total-max'?: QmpInteger | undefined;
  /** @experimental */
  'x-bps-total-max-length'?: QmpInteger | undefined;
  /** @experimental */
  'x-bps-read'?: QmpInteger | undefined;
  /** @experimental */
  'x-bps-read-max'?: QmpInteger | undefined;
  /** @experimental */
  'x-bps-read-max-length'?: QmpInteger | undefined;
  /** @experimental */
  'x-bps-write'?: QmpInteger | undefined;
  /** @experimental */
  'x-bps-write-max'?: QmpInteger | undefined;
  /** @experimental */
  'x-bps-write-max-length'?: QmpInteger | undefined;
  /** @experimental */
  'x-iops-size'?: QmpInteger | undefined;
}
export interface ObjectAddTlsCredsAnon {
  'verify-peer'?: boolean | undefined;
  dir?: string | undefined;
  endpoint?: ObjectAddTlsCredsAnonEndpoint | undefined;
  priority?: string | undefined;
}
export interface ObjectAddTlsCredsPsk {
  'verify-peer'?: boolean | undefined;
  dir?: string | undefined;
  endpoint?: ObjectAddTlsCredsAnonEndpoint | undefined;
  priority?: string | undefined;
  username?: string | undefined;
}
export interface ObjectAddTlsCredsX509 {
  'verify-peer'?: boolean | undefined;
  dir?: string | undefined;
  endpoint?: ObjectAddTlsCredsAnonEndpoint | undefined;
  priority?: string | undefined;
  'sanity-check'?: boolean | undefined;
  passwordid?: string | undefined;
}
export interface ObjectAddTlsCipherSuites {
  'verify-peer'?: boolean | undefined;
  dir?: string | undefined;
  endpoint?: ObjectAddTlsCredsAnonEndpoint | undefined;
  priority?: string | undefined;
}
export interface ObjectAddXRemoteObject {
  fd: string;
  devid: string;
}
export interface ObjectAddXVfioUserServer {
  socket: BlockExportAddVhostUserBlkAddr;
  device: string;
}
export interface QomListTypesResult {
  name: string;
  abstract?: boolean;
  parent?: string;
}
export interface QueryAcpiOspmStatusResult {
  device?: string;
  slot: string;
  'slot-type': QmpOpenEnum<QueryAcpiOspmStatusSlotType>;
  source: QmpInteger;
  status: QmpInteger;
}
export interface QueryAudiodevsResultCommon {
  id: string;
  'timer-period'?: QmpInteger;
}
export type QueryAudiodevsResult =
  | (QueryAudiodevsResultCommon & { driver: 'none' | 'spice' } & QueryAudiodevsNone)
  | (QueryAudiodevsResultCommon & { driver: 'alsa' } & QueryAudiodevsAlsa)
  | (QueryAudiodevsResultCommon & { driver: 'dbus' } & QueryAudiodevsDbus)
  | (QueryAudiodevsResultCommon & { driver: 'jack' } & QueryAudiodevsJack)
  | (QueryAudiodevsResultCommon & { driver: 'oss' } & QueryAudiodevsOss)
  | (QueryAudiodevsResultCommon & { driver: 'pa' } & QueryAudiodevsPa)
  | (QueryAudiodevsResultCommon & { driver: 'pipewire' } & QueryAudiodevsPipewire)
  | (QueryAudiodevsResultCommon & { driver: 'sdl' } & QueryAudiodevsSdl)
  | (QueryAudiodevsResultCommon & { driver: 'wav' } & QueryAudiodevsWav);
export interface QueryBlockResult {
  device: string;
  qdev?: string;
  type: string;
  removable: boolean;
  locked: boolean;
  inserted?: QueryNamedBlockNodesResult;
  tray_open?: boolean;
  'io-status'?: QmpOpenEnum<QueryBlockIoStatus>;
}
export interface QueryBlockExportsResult {
  id: string;
  type: QmpOpenEnum<BlockExportAddType>;
  'node-name': string;
  'shutting-down': boolean;
}
export interface QueryBlockJobsResultCommon {
  device: string;
  len: QmpInteger;
  offset: QmpInteger;
  busy: boolean;
  paused: boolean;
  speed: QmpInteger;
  'io-status': QmpOpenEnum<QueryBlockIoStatus>;
  ready: boolean;
  status: QmpOpenEnum<JobStatusChangeStatus>;
  'auto-finalize': boolean;
  'auto-dismiss': boolean;
  error?: string;
}
export type QueryBlockJobsResult =
  | (QueryBlockJobsResultCommon & { type: 'mirror' } & QueryBlockJobsMirror)
  | (QueryBlockJobsResultCommon & { type: 'commit' | 'stream' | 'backup' | 'create' | 'amend' | 'snapshot-load' | 'snapshot-save' | 'snapshot-delete' });
export interface QueryBlockstatsResult {
  device?: string;
  qdev?: string;
  'node-name'?: string;
  stats: QueryBlockstatsStats;
  'driver-specific'?: QueryBlockstatsDriverSpecific;
  parent?: QueryBlockstatsResult;
  backing?: QueryBlockstatsResult;
}
export interface QueryChardevResult {
  label: string;
  filename: string;
  'frontend-open': boolean;
}
export interface QueryChardevBackendsResult {
  name: string;
}
export type QueryColoStatusMode = 'none' | 'primary' | 'secondary';
export type QueryColoStatusReason = 'none' | 'request' | 'error' | 'processing';
export interface QueryCommandLineOptionsResult {
  option: string;
  parameters: readonly QueryCommandLineOptionsParameters[];
}
export interface QueryCommandsResult {
  name: string;
}
export interface QueryCpuDefinitionsResult {
  name: string;
  'migration-safe'?: boolean;
  static: boolean;
  'unavailable-features'?: readonly string[];
  typename: string;
  'alias-of'?: string;
  deprecated: boolean;
}
export type QueryCpuModelExpansionType = 'static' | 'full';
export interface QueryCpuModelExpansionModel {
  name: string;
  props?: unknown;
}
export interface QueryCpuModelExpansionModel2 {
  name: string;
  props?: unknown;
}
export interface QueryCpusFastResultCommon {
  'cpu-index': QmpInteger;
  'qom-path': string;
  'thread-id': QmpInteger;
  props?: QueryCpusFastProps;
}
export type QueryCpusFastResult =
  | (QueryCpusFastResultCommon & { target: 's390x' } & QueryCpusFastS390x)
  | (QueryCpusFastResultCommon & { target: 'aarch64' | 'alpha' | 'arm' | 'avr' | 'hppa' | 'i386' | 'loongarch64' | 'm68k' | 'microblaze' | 'microblazeel' | 'mips' | 'mips64' | 'mips64el' | 'mipsel' | 'or1k' | 'ppc' | 'ppc64' | 'riscv32' | 'riscv64' | 'rx' | 'sh4' | 'sh4eb' | 'sparc' | 'sparc64' | 'tricore' | 'x86_64' | 'xtensa' | 'xtensaeb' });
export interface QueryCryptodevResult {
  id: string;
  service: readonly (QmpOpenEnum<QueryCryptodevService>)[];
  client: readonly QueryCryptodevClient[];
}
export type QueryDirtyRateStatus = 'unstarted' | 'measuring' | 'measured';
export type QueryDisplayOptionsType = 'default' | 'none' | 'gtk' | 'sdl' | 'egl-headless' | 'curses' | 'spice-app' | 'dbus';
export type QueryDisplayOptionsGl = 'off' | 'on' | 'core' | 'es';
export interface QueryDisplayOptionsGtk {
  'grab-on-hover'?: boolean;
  'zoom-to-fit'?: boolean;
  'show-tabs'?: boolean;
  'show-menubar'?: boolean;
}
export interface QueryDisplayOptionsCurses {
  charset?: string;
}
export interface QueryDisplayOptionsEglHeadless {
  rendernode?: string;
}
export interface QueryDisplayOptionsDbus {
  rendernode?: string;
  addr?: string;
  p2p?: boolean;
  audiodev?: string;
}
export interface QueryDisplayOptionsSdl {
  'grab-mod'?: QmpOpenEnum<QueryDisplayOptionsSdlGrabMod>;
}
export type QueryDumpStatus = 'none' | 'active' | 'completed' | 'failed';
export interface QueryFdsetsResult {
  'fdset-id': QmpInteger;
  fds: readonly QueryFdsetsFds[];
}
export interface QueryHotpluggableCpusResult {
  type: string;
  'vcpus-count': QmpInteger;
  props: QueryCpusFastProps;
  'qom-path'?: string;
}
export interface QueryIothreadsResult {
  id: string;
  'thread-id': QmpInteger;
  'poll-max-ns': QmpInteger;
  'poll-grow': QmpInteger;
  'poll-shrink': QmpInteger;
  'aio-max-batch': QmpInteger;
}
export interface QueryJobsResult {
  id: string;
  type: QmpOpenEnum<BlockJobChangeType>;
  status: QmpOpenEnum<JobStatusChangeStatus>;
  'current-progress': QmpInteger;
  'total-progress': QmpInteger;
  error?: string;
}
export interface QueryMachinesResult {
  name: string;
  alias?: string;
  'is-default'?: boolean;
  'cpu-max': QmpInteger;
  'hotpluggable-cpus': boolean;
  'numa-mem-supported': boolean;
  deprecated: boolean;
  'default-cpu-type'?: string;
  'default-ram-id'?: string;
  acpi: boolean;
  /** @experimental */
  'compat-props'?: readonly QueryMachinesCompatProps[];
}
export interface QueryMemdevResult {
  id?: string;
  size: QmpInteger;
  merge: boolean;
  dump: boolean;
  prealloc: boolean;
  share: boolean;
  reserve?: boolean;
  'host-nodes': readonly QmpInteger[];
  policy: QmpOpenEnum<ObjectAddMemoryBackendEpcPolicy>;
}
export type QueryMemoryDevicesResult =
  | ({ type: 'dimm' | 'nvdimm' } & QueryMemoryDevicesDimm)
  | ({ type: 'virtio-pmem' } & QueryMemoryDevicesVirtioPmem)
  | ({ type: 'virtio-mem' } & QueryMemoryDevicesVirtioMem)
  | ({ type: 'sgx-epc' } & QueryMemoryDevicesSgxEpc)
  | ({ type: 'hv-balloon' } & QueryMemoryDevicesHvBalloon);
export interface QueryMiceResult {
  name: string;
  index: QmpInteger;
  current: boolean;
  absolute: boolean;
}
export interface QueryMigrateRam {
  transferred: QmpInteger;
  remaining: QmpInteger;
  total: QmpInteger;
  duplicate: QmpInteger;
  normal: QmpInteger;
  'normal-bytes': QmpInteger;
  'dirty-pages-rate': QmpInteger;
  mbps: number;
  'dirty-sync-count': QmpInteger;
  'postcopy-requests': QmpInteger;
  'page-size': QmpInteger;
  'multifd-bytes': QmpInteger;
  'pages-per-second': QmpInteger;
  'precopy-bytes': QmpInteger;
  'downtime-bytes': QmpInteger;
  'postcopy-bytes': QmpInteger;
  'dirty-sync-missed-zero-copy': QmpInteger;
}
export interface QueryMigrateVfio {
  transferred: QmpInteger;
}
export interface QueryMigrateXbzrleCache {
  'cache-size': QmpInteger;
  bytes: QmpInteger;
  pages: QmpInteger;
  'cache-miss': QmpInteger;
  'cache-miss-rate': number;
  'encoding-rate': number;
  overflow: QmpInteger;
}
export interface QueryMigrateCapabilitiesResult {
  capability: QmpOpenEnum<QueryMigrateCapabilitiesCapability>;
  state: boolean;
}
export interface QueryMigrationthreadsResult {
  name: string;
  'thread-id': QmpInteger;
}
export interface QueryNamedBlockNodesResult {
  file: string;
  'node-name'?: string;
  ro: boolean;
  drv: string;
  backing_file?: string;
  backing_file_depth: QmpInteger;
  active: boolean;
  encrypted: boolean;
  detect_zeroes: QmpOpenEnum<BlockdevAddDetectZeroes>;
  bps: QmpInteger;
  bps_rd: QmpInteger;
  bps_wr: QmpInteger;
  iops: QmpInteger;
  iops_rd: QmpInteger;
  iops_wr: QmpInteger;
  image: QueryNamedBlockNodesImage;
  bps_max?: QmpInteger;
  bps_rd_max?: QmpInteger;
  bps_wr_max?: QmpInteger;
  iops_max?: QmpInteger;
  iops_rd_max?: QmpInteger;
  iops_wr_max?: QmpInteger;
  bps_max_length?: QmpInteger;
  bps_rd_max_length?: QmpInteger;
  bps_wr_max_length?: QmpInteger;
  iops_max_length?: QmpInteger;
  iops_rd_max_length?: QmpInteger;
  iops_wr_max_length?: QmpInteger;
  iops_size?: QmpInteger;
  group?: string;
  cache: QueryNamedBlockNodesCache;
  write_threshold: QmpInteger;
  'dirty-bitmaps'?: readonly QueryNamedBlockNodesDirtyBitmaps[];
}
export interface QueryPciResult {
  bus: QmpInteger;
  devices: readonly QueryPciDevices[];
}
export interface QueryPrManagersResult {
  id: string;
  connected: boolean;
}
export interface QueryQmpSchemaResultCommon {
  name: string;
  features?: readonly string[];
}
export type QueryQmpSchemaResult =
  | (QueryQmpSchemaResultCommon & { 'meta-type': 'builtin' } & QueryQmpSchemaBuiltin)
  | (QueryQmpSchemaResultCommon & { 'meta-type': 'enum' } & QueryQmpSchemaEnum)
  | (QueryQmpSchemaResultCommon & { 'meta-type': 'array' } & QueryQmpSchemaArray)
  | (QueryQmpSchemaResultCommon & { 'meta-type': 'object' } & QueryQmpSchemaObject)
  | (QueryQmpSchemaResultCommon & { 'meta-type': 'alternate' } & QueryQmpSchemaAlternate)
  | (QueryQmpSchemaResultCommon & { 'meta-type': 'command' } & QueryQmpSchemaCommand)
  | (QueryQmpSchemaResultCommon & { 'meta-type': 'event' } & QueryQmpSchemaEvent);
export type QueryReplayMode = 'none' | 'record' | 'play';
export interface QueryRockerOfDpaFlowsResult {
  cookie: QmpInteger;
  hits: QmpInteger;
  key: QueryRockerOfDpaFlowsKey;
  mask: QueryRockerOfDpaFlowsMask;
  action: QueryRockerOfDpaFlowsAction;
}
export interface QueryRockerOfDpaGroupsResult {
  id: QmpInteger;
  type: QmpInteger;
  'vlan-id'?: QmpInteger;
  pport?: QmpInteger;
  index?: QmpInteger;
  'out-pport'?: QmpInteger;
  'group-id'?: QmpInteger;
  'set-vlan-id'?: QmpInteger;
  'pop-vlan'?: QmpInteger;
  'group-ids'?: readonly QmpInteger[];
  'set-eth-src'?: string;
  'set-eth-dst'?: string;
  'ttl-check'?: QmpInteger;
}
export interface QueryRockerPortsResult {
  name: string;
  enabled: boolean;
  'link-up': boolean;
  speed: QmpInteger;
  duplex: QmpOpenEnum<QueryRockerPortsDuplex>;
  autoneg: QmpOpenEnum<QueryRockerPortsAutoneg>;
}
export interface QueryRxFilterResult {
  name: string;
  promiscuous: boolean;
  multicast: QmpOpenEnum<QueryRxFilterMulticast>;
  unicast: QmpOpenEnum<QueryRxFilterMulticast>;
  vlan: QmpOpenEnum<QueryRxFilterMulticast>;
  'broadcast-allowed': boolean;
  'multicast-overflow': boolean;
  'unicast-overflow': boolean;
  'main-mac': string;
  'vlan-table': readonly QmpInteger[];
  'unicast-table': readonly string[];
  'multicast-table': readonly string[];
}
export type QuerySevState = 'uninit' | 'launch-update' | 'launch-secret' | 'running' | 'send-update' | 'receive-update';
export type QuerySevSevType = 'sev' | 'sev-snp';
export interface QuerySevSev {
  policy: QmpInteger;
  handle: QmpInteger;
}
export interface QuerySevSevSnp {
  'snp-policy': QmpInteger;
}
export type QuerySpiceMouseMode = 'client' | 'server' | 'unknown';
export type QueryStatsTarget = 'vm' | 'vcpu' | 'cryptodev';
export interface QueryStatsVcpu {
  vcpus?: readonly string[] | undefined;
}
export interface QueryStatsResult {
  provider: QmpOpenEnum<QueryStatsSchemasProvider>;
  'qom-path'?: string;
  stats: readonly QueryStatsStats[];
}
export type QueryStatsSchemasProvider = 'kvm' | 'cryptodev';
export interface QueryStatsSchemasResult {
  provider: QmpOpenEnum<QueryStatsSchemasProvider>;
  target: QmpOpenEnum<QueryStatsTarget>;
  stats: readonly QueryStatsSchemasStats[];
}
export type QueryStatusStatus = 'debug' | 'inmigrate' | 'internal-error' | 'io-error' | 'paused' | 'postmigrate' | 'prelaunch' | 'finish-migrate' | 'restore-vm' | 'running' | 'save-vm' | 'shutdown' | 'suspended' | 'watchdog' | 'guest-panicked' | 'colo';
export type QueryTargetArch = 'aarch64' | 'alpha' | 'arm' | 'avr' | 'hppa' | 'i386' | 'loongarch64' | 'm68k' | 'microblaze' | 'microblazeel' | 'mips' | 'mips64' | 'mips64el' | 'mipsel' | 'or1k' | 'ppc' | 'ppc64' | 'riscv32' | 'riscv64' | 'rx' | 's390x' | 'sh4' | 'sh4eb' | 'sparc' | 'sparc64' | 'tricore' | 'x86_64' | 'xtensa' | 'xtensaeb';
export interface QueryTpmResult {
  id: string;
  model: QmpOpenEnum<QueryTpmModelsResult>;
  options: QueryTpmOptions;
}
export type QueryTpmModelsResult = 'tpm-tis' | 'tpm-crb' | 'tpm-spapr';
export type QueryTpmTypesResult = 'passthrough' | 'emulator';
export interface QueryVcpuDirtyLimitResult {
  'cpu-index': QmpInteger;
  'limit-rate': QmpInteger;
  'current-rate': QmpInteger;
}
export interface QueryVersionQemu {
  major: QmpInteger;
  minor: QmpInteger;
  micro: QmpInteger;
}
export type QueryVncFamily = 'ipv4' | 'ipv6' | 'unix' | 'vsock' | 'unknown';
export interface QueryVncServersResult {
  id: string;
  server: readonly QueryVncServersServer[];
  clients: readonly VncDisconnectedClient[];
  auth: QmpOpenEnum<QueryVncServersAuth>;
  vencrypt?: QmpOpenEnum<QueryVncServersVencrypt>;
  display?: string;
}
export type QueryYankResult =
  | ({ type: 'block-node' } & QueryYankBlockNode)
  | ({ type: 'chardev' } & QueryYankChardev)
  | ({ type: 'migration' });
export type RequestEbpfId = 'rss';
export type RingbufReadFormat = 'utf8' | 'base64';
export type ScreendumpFormat = 'ppm' | 'png';
export type SetActionReboot = 'reset' | 'shutdown';
export type SetActionShutdown = 'poweroff' | 'pause';
export type SetActionPanic = 'pause' | 'shutdown' | 'exit-failure' | 'none';
export type SetActionWatchdog = 'reset' | 'shutdown' | 'poweroff' | 'pause' | 'debug' | 'none' | 'inject-nmi';
export type SetNumaNodeType = 'node' | 'dist' | 'cpu' | 'hmat-lb' | 'hmat-cache';
export interface SetNumaNodeNode {
  nodeid?: QmpInteger | undefined;
  cpus?: readonly QmpInteger[] | undefined;
  mem?: QmpInteger | undefined;
  memdev?: string | undefined;
  initiator?: QmpInteger | undefined;
}
export interface SetNumaNodeDist {
  src: QmpInteger;
  dst: QmpInteger;
  val: QmpInteger;
}
export interface SetNumaNodeCpu {
  'node-id'?: QmpInteger | undefined;
  'drawer-id'?: QmpInteger | undefined;
  'book-id'?: QmpInteger | undefined;
  'socket-id'?: QmpInteger | undefined;
  'die-id'?: QmpInteger | undefined;
  'cluster-id'?: QmpInteger | undefined;
  'module-id'?: QmpInteger | undefined;
  'core-id'?: QmpInteger | undefined;
  'thread-id'?: QmpInteger | undefined;
}
export interface SetNumaNodeHmatLb {
  initiator: QmpInteger;
  target: QmpInteger;
  hierarchy: SetNumaNodeHmatLbHierarchy;
  'data-type': SetNumaNodeHmatLbDataType;
  latency?: QmpInteger | undefined;
  bandwidth?: QmpInteger | undefined;
}
export interface SetNumaNodeHmatCache {
  'node-id': QmpInteger;
  size: QmpInteger;
  level: QmpInteger;
  associativity: SetNumaNodeHmatCacheAssociativity;
  policy: SetNumaNodeHmatCachePolicy;
  line: QmpInteger;
}
export type SetPasswordConnected = 'keep' | 'fail' | 'disconnect';
export interface SetPasswordVnc {
  display?: string | undefined;
}
export interface TraceEventGetStateResult {
  name: string;
  state: QmpOpenEnum<TraceEventGetStateState>;
}
export interface TransactionProperties {
  'completion-mode'?: TransactionPropertiesCompletionMode | undefined;
}
export type XBlockdevAmendOptions =
  | ({ driver: 'luks' } & XBlockdevAmendOptionsLuks)
  | ({ driver: 'qcow2' } & XBlockdevAmendOptionsQcow2)
  | ({ driver: 'blkdebug' | 'blklogwrites' | 'blkreplay' | 'blkverify' | 'bochs' | 'cloop' | 'compress' | 'copy-before-write' | 'copy-on-read' | 'dmg' | 'file' | 'snapshot-access' | 'ftp' | 'ftps' | 'gluster' | 'host_cdrom' | 'host_device' | 'http' | 'https' | 'io_uring' | 'iscsi' | 'nbd' | 'nfs' | 'null-aio' | 'null-co' | 'nvme' | 'nvme-io_uring' | 'parallels' | 'preallocate' | 'qcow' | 'qed' | 'quorum' | 'raw' | 'rbd' | 'replication' | 'ssh' | 'throttle' | 'vdi' | 'vhdx' | 'virtio-blk-vfio-pci' | 'virtio-blk-vhost-user' | 'virtio-blk-vhost-vdpa' | 'vmdk' | 'vpc' | 'vvfat' });
export interface XQueryVirtioResult {
  path: string;
  name: string;
}
export interface XQueryVirtioQueueElementAvail {
  flags: QmpInteger;
  idx: QmpInteger;
  ring: QmpInteger;
}
export interface XQueryVirtioQueueElementUsed {
  flags: QmpInteger;
  idx: QmpInteger;
}
export interface XQueryVirtioStatusGuestFeatures {
  transports: readonly string[];
  'dev-features'?: readonly string[];
  'unknown-dev-features'?: QmpInteger;
}
export interface XQueryVirtioStatusStatus {
  statuses: readonly string[];
  'unknown-statuses'?: QmpInteger;
}
export interface XQueryVirtioStatusVhostDev {
  'n-mem-sections': QmpInteger;
  'n-tmp-sections': QmpInteger;
  nvqs: QmpInteger;
  'vq-index': QmpInteger;
  features: XQueryVirtioStatusGuestFeatures;
  'acked-features': XQueryVirtioStatusGuestFeatures;
  'backend-features': XQueryVirtioStatusGuestFeatures;
  'protocol-features': XQueryVirtioStatusVhostDevProtocolFeatures;
  'max-queues': QmpInteger;
  'backend-cap': QmpInteger;
  'log-enabled': boolean;
  'log-size': QmpInteger;
}
export interface XenEventListResult {
  port: QmpInteger;
  vcpu: QmpInteger;
  type: QmpOpenEnum<XenEventListType>;
  'remote-domain': string;
  target: QmpInteger;
  pending: boolean;
  masked: boolean;
}
export type BlockIoErrorOperation = 'read' | 'write';
export type BlockIoErrorAction = 'ignore' | 'report' | 'stop';
export type GuestCrashloadedAction = 'pause' | 'poweroff' | 'run';
export type GuestCrashloadedInfo =
  | ({ type: 'hyper-v' } & GuestCrashloadedInfoHyperV)
  | ({ type: 's390' } & GuestCrashloadedInfoS390);
export type JobStatusChangeStatus = 'undefined' | 'created' | 'running' | 'paused' | 'ready' | 'standby' | 'waiting' | 'pending' | 'aborting' | 'concluded' | 'null';
export type MemoryFailureRecipient = 'hypervisor' | 'guest';
export type MemoryFailureAction = 'ignore' | 'inject' | 'fatal' | 'reset';
export interface MemoryFailureFlags {
  'action-required': boolean;
  recursive: boolean;
}
export type NetdevStreamConnectedAddr =
  | ({ type: 'inet' } & NetdevStreamConnectedAddrInet)
  | ({ type: 'unix' } & NetdevStreamConnectedAddrUnix)
  | ({ type: 'vsock' } & NetdevStreamConnectedAddrVsock)
  | ({ type: 'fd' } & NetdevStreamConnectedAddrFd);
export type QuorumReportBadType = 'read' | 'write' | 'flush';
export type ResetReason = 'none' | 'host-error' | 'host-qmp-quit' | 'host-qmp-system-reset' | 'host-signal' | 'host-ui' | 'guest-shutdown' | 'guest-reset' | 'guest-panic' | 'subsystem-reset' | 'snapshot-load';
export interface SpiceConnectedServer {
  host: string;
  port: string;
  family: QmpOpenEnum<QueryVncFamily>;
}
export interface SpiceInitializedServer {
  host: string;
  port: string;
  family: QmpOpenEnum<QueryVncFamily>;
  auth?: string;
}
export interface SpiceInitializedClient {
  host: string;
  port: string;
  family: QmpOpenEnum<QueryVncFamily>;
  'connection-id': QmpInteger;
  'channel-type': QmpInteger;
  'channel-id': QmpInteger;
  tls: boolean;
}
export type VfioMigrationDeviceState = 'stop' | 'running' | 'stop-copy' | 'resuming' | 'running-p2p' | 'pre-copy' | 'pre-copy-p2p';
export interface VncConnectedServer {
  host: string;
  service: string;
  family: QmpOpenEnum<QueryVncFamily>;
  websocket: boolean;
  auth?: string;
}
export interface VncConnectedClient {
  host: string;
  service: string;
  family: QmpOpenEnum<QueryVncFamily>;
  websocket: boolean;
}
export interface VncDisconnectedClient {
  host: string;
  service: string;
  family: QmpOpenEnum<QueryVncFamily>;
  websocket: boolean;
  x509_dname?: string;
  sasl_username?: string;
}
export type BlockDirtyBitmapMergeBitmaps = string | BlockDirtyBitmapClearArguments;
export type BlockExportAddVhostUserBlkAddr =
  | ({ type: 'inet' } & BlockdevAddSshServer)
  | ({ type: 'unix' } & BlockExportAddVhostUserBlkAddrUnix)
  | ({ type: 'vsock' } & BlockExportAddVhostUserBlkAddrVsock)
  | ({ type: 'fd' } & BlockExportAddVhostUserBlkAddrFd);
export type BlockExportAddFuseAllowOther = 'off' | 'on' | 'auto';
export type BlockdevAddBlkdebugImage = BlockdevAddArguments | string;
export type BlockdevAddCopyBeforeWriteOnCbwError = 'break-guest-write' | 'break-snapshot';
export type BlockdevAddFileLocking = 'auto' | 'on' | 'off';
export type BlockdevAddFileAio = 'threads' | 'native' | 'io_uring';
export type BlockdevAddIscsiTransport = 'tcp' | 'iser';
export type BlockdevAddIscsiHeaderDigest = 'crc32c' | 'none' | 'crc32c-none' | 'none-crc32c';
export interface BlockdevAddNfsServer {
  type: BlockdevAddNfsServerType;
  host: string;
}
export type BlockdevAddQcow2Backing = BlockdevAddArguments | string | null;
export type BlockdevAddQcow2OverlapCheck = BlockdevAddQcow2OverlapCheckChoice | BlockdevAddQcow2OverlapCheckChoice2;
export type BlockdevAddQcow2Encrypt =
  | ({ format: 'aes' } & BlockdevAddQcow2EncryptAes)
  | ({ format: 'luks' } & BlockdevAddQcow2EncryptLuks);
export type BlockdevAddQcowEncrypt =
  | ({ format: 'aes' } & BlockdevAddQcow2EncryptAes);
export type BlockdevAddQuorumReadPattern = 'quorum' | 'fifo';
export interface BlockdevAddRbdEncryptCommon {
  parent?: BlockdevAddRbdEncrypt | undefined;
}
export type BlockdevAddRbdEncrypt =
  | (BlockdevAddRbdEncryptCommon & { format: 'luks' } & BlockdevAddRbdEncryptLuks)
  | (BlockdevAddRbdEncryptCommon & { format: 'luks2' } & BlockdevAddRbdEncryptLuks2)
  | (BlockdevAddRbdEncryptCommon & { format: 'luks-any' } & BlockdevAddRbdEncryptLuksAny);
export type BlockdevAddReplicationMode = 'primary' | 'secondary';
export interface BlockdevAddSshServer {
  host: string;
  port: string;
  numeric?: boolean | undefined;
  to?: QmpInteger | undefined;
  ipv4?: boolean | undefined;
  ipv6?: boolean | undefined;
  'keep-alive'?: boolean | undefined;
  mptcp?: boolean | undefined;
}
export type BlockdevAddSshHostKeyCheck =
  | ({ mode: 'hash' } & BlockdevAddSshHostKeyCheckHash)
  | ({ mode: 'none' | 'known_hosts' });
export interface BlockdevCreateOptionsFile {
  filename: string;
  size: QmpInteger;
  preallocation?: BlockdevCreateOptionsFilePreallocation | undefined;
  nocow?: boolean | undefined;
  'extent-size-hint'?: QmpInteger | undefined;
}
export interface BlockdevCreateOptionsGluster {
  location: BlockdevAddGluster;
  size: QmpInteger;
  preallocation?: BlockdevCreateOptionsFilePreallocation | undefined;
}
export interface BlockdevCreateOptionsLuks {
  'key-secret'?: string | undefined;
  'cipher-alg'?: BlockdevCreateOptionsLuksCipherAlg | undefined;
  'cipher-mode'?: BlockdevCreateOptionsLuksCipherMode | undefined;
  'ivgen-alg'?: BlockdevCreateOptionsLuksIvgenAlg | undefined;
  'ivgen-hash-alg'?: BlockdevCreateOptionsLuksIvgenHashAlg | undefined;
  'hash-alg'?: BlockdevCreateOptionsLuksIvgenHashAlg | undefined;
  'iter-time'?: QmpInteger | undefined;
  file?: BlockdevAddBlkdebugImage | undefined;
  header?: BlockdevAddBlkdebugImage | undefined;
  size: QmpInteger;
  preallocation?: BlockdevCreateOptionsFilePreallocation | undefined;
}
export interface BlockdevCreateOptionsNfs {
  location: BlockdevAddNfs;
  size: QmpInteger;
}
export interface BlockdevCreateOptionsParallels {
  file: BlockdevAddBlkdebugImage;
  size: QmpInteger;
  'cluster-size'?: QmpInteger | undefined;
}
export interface BlockdevCreateOptionsQcow {
  file: BlockdevAddBlkdebugImage;
  size: QmpInteger;
  'backing-file'?: string | undefined;
  encrypt?: BlockdevCreateOptionsQcowEncrypt | undefined;
}
export interface BlockdevCreateOptionsQcow2 {
  file: BlockdevAddBlkdebugImage;
  'data-file'?: BlockdevAddBlkdebugImage | undefined;
  'data-file-raw'?: boolean | undefined;
  'extended-l2'?: boolean | undefined;
  size: QmpInteger;
  version?: BlockdevCreateOptionsQcow2Version | undefined;
  'backing-file'?: string | undefined;
  'backing-fmt'?: BlockdevAddDriver | undefined;
  encrypt?: BlockdevCreateOptionsQcowEncrypt | undefined;
  'cluster-size'?: QmpInteger | undefined;
  preallocation?: BlockdevCreateOptionsFilePreallocation | undefined;
  'lazy-refcounts'?: boolean | undefined;
  'refcount-bits'?: QmpInteger | undefined;
  'compression-type'?: BlockdevCreateOptionsQcow2CompressionType | undefined;
}
export interface BlockdevCreateOptionsQed {
  file: BlockdevAddBlkdebugImage;
  size: QmpInteger;
  'backing-file'?: string | undefined;
  'backing-fmt'?: BlockdevAddDriver | undefined;
  'cluster-size'?: QmpInteger | undefined;
  'table-size'?: QmpInteger | undefined;
}
export interface BlockdevCreateOptionsRbd {
  location: BlockdevAddRbd;
  size: QmpInteger;
  'cluster-size'?: QmpInteger | undefined;
  encrypt?: BlockdevCreateOptionsRbdEncrypt | undefined;
}
export interface BlockdevCreateOptionsSsh {
  location: BlockdevAddSsh;
  size: QmpInteger;
}
export interface BlockdevCreateOptionsVdi {
  file: BlockdevAddBlkdebugImage;
  size: QmpInteger;
  preallocation?: BlockdevCreateOptionsFilePreallocation | undefined;
}
export interface BlockdevCreateOptionsVhdx {
  file: BlockdevAddBlkdebugImage;
  size: QmpInteger;
  'log-size'?: QmpInteger | undefined;
  'block-size'?: QmpInteger | undefined;
  subformat?: BlockdevCreateOptionsVhdxSubformat | undefined;
  'block-state-zero'?: boolean | undefined;
}
export interface BlockdevCreateOptionsVmdk {
  file: BlockdevAddBlkdebugImage;
  size: QmpInteger;
  extents?: readonly BlockdevAddBlkdebugImage[] | undefined;
  subformat?: BlockdevCreateOptionsVmdkSubformat | undefined;
  'backing-file'?: string | undefined;
  'adapter-type'?: BlockdevCreateOptionsVmdkAdapterType | undefined;
  hwversion?: string | undefined;
  toolsversion?: string | undefined;
  'zeroed-grain'?: boolean | undefined;
}
export interface BlockdevCreateOptionsVpc {
  file: BlockdevAddBlkdebugImage;
  size: QmpInteger;
  subformat?: BlockdevCreateOptionsVpcSubformat | undefined;
  'force-size'?: boolean | undefined;
}
export type ChardevAddBackendType = 'file' | 'serial' | 'parallel' | 'pipe' | 'socket' | 'udp' | 'pty' | 'null' | 'mux' | 'hub' | 'msmouse' | 'wctablet' | 'braille' | 'testdev' | 'stdio' | 'spicevmc' | 'spiceport' | 'qemu-vdagent' | 'dbus' | 'vc' | 'ringbuf' | 'memory';
export interface ChardevAddBackendFile {
  data: ChardevAddBackendFileData;
}
export interface ChardevAddBackendSerial {
  data: ChardevAddBackendSerialData;
}
export interface ChardevAddBackendSocket {
  data: ChardevAddBackendSocketData;
}
export interface ChardevAddBackendUdp {
  data: ChardevAddBackendUdpData;
}
export interface ChardevAddBackendPty {
  data: ChardevAddBackendPtyData;
}
export interface ChardevAddBackendNull {
  data: ChardevAddBackendNullData;
}
export interface ChardevAddBackendMux {
  data: ChardevAddBackendMuxData;
}
export interface ChardevAddBackendHub {
  data: ChardevAddBackendHubData;
}
export interface ChardevAddBackendStdio {
  data: ChardevAddBackendStdioData;
}
export interface ChardevAddBackendSpicevmc {
  data: ChardevAddBackendSpicevmcData;
}
export interface ChardevAddBackendSpiceport {
  data: ChardevAddBackendSpiceportData;
}
export interface ChardevAddBackendQemuVdagent {
  data: ChardevAddBackendQemuVdagentData;
}
export interface ChardevAddBackendDbus {
  data: ChardevAddBackendDbusData;
}
export interface ChardevAddBackendVc {
  data: ChardevAddBackendVcData;
}
export interface ChardevAddBackendRingbuf {
  data: ChardevAddBackendRingbufData;
}
export interface CxlAddDynamicCapacityExtents {
  offset: QmpInteger;
  len: QmpInteger;
}
export interface CxlInjectUncorrectableErrorsErrors {
  type: CxlInjectUncorrectableErrorsErrorsType;
  header: readonly QmpInteger[];
}
export type InputSendEventEvents =
  | ({ type: 'key' } & InputSendEventEventsKey)
  | ({ type: 'btn' } & InputSendEventEventsBtn)
  | ({ type: 'rel' | 'abs' } & InputSendEventEventsRel)
  | ({ type: 'mtt' } & InputSendEventEventsMtt);
export interface MigrateChannels {
  'channel-type': MigrateChannelsChannelType;
  addr: MigrateChannelsAddr;
}
export interface MigrateSetCapabilitiesCapabilities {
  capability: QueryMigrateCapabilitiesCapability;
  state: boolean;
}
export interface MigrateSetParametersBlockBitmapMapping {
  'node-name': string;
  alias: string;
  bitmaps: readonly MigrateSetParametersBlockBitmapMappingBitmaps[];
}
export type NbdServerStartAddrType = 'inet' | 'unix' | 'vsock' | 'fd';
export interface NbdServerStartAddrInet {
  data: BlockdevAddSshServer;
}
export interface NbdServerStartAddrUnix {
  data: BlockExportAddVhostUserBlkAddrUnix;
}
export interface NbdServerStartAddrVsock {
  data: BlockExportAddVhostUserBlkAddrVsock;
}
export interface NbdServerStartAddrFd {
  data: BlockExportAddVhostUserBlkAddrFd;
}
export type ObjectAddAuthzListPolicy = 'deny' | 'allow';
export type ObjectAddFilterBufferQueue = 'all' | 'rx' | 'tx';
export type ObjectAddFilterBufferInsert = 'before' | 'behind';
export type ObjectAddInputLinuxGrabToggle = 'ctrl-ctrl' | 'alt-alt' | 'shift-shift' | 'meta-meta' | 'scrolllock' | 'ctrl-scrolllock';
export type ObjectAddMemoryBackendEpcPolicy = 'default' | 'preferred' | 'bind' | 'interleave';
export type ObjectAddSecretFormat = 'raw' | 'base64';
export interface ObjectAddThrottleGroupLimits {
  'iops-total'?: QmpInteger | undefined;
  'iops-total-max'?: QmpInteger | undefined;
  'iops-total-max-length'?: QmpInteger | undefined;
  'iops-read'?: QmpInteger | undefined;
  'iops-read-max'?: QmpInteger | undefined;
  'iops-read-max-length'?: QmpInteger | undefined;
  'iops-write'?: QmpInteger | undefined;
  'iops-write-max'?: QmpInteger | undefined;
  'iops-write-max-length'?: QmpInteger | undefined;
  'bps-total'?: QmpInteger | undefined;
  'bps-total-max'?: QmpInteger | undefined;
  'bps-total-max-length'?: QmpInteger | undefined;
  'bps-read'?: QmpInteger | undefined;
  'bps-read-max'?: QmpInteger | undefined;
  'bps-read-max-length'?: QmpInteger | undefined;
  'bps-write'?: QmpInteger | undefined;
  'bps-write-max'?: QmpInteger | undefined;
  'bps-write-max-length'?: QmpInteger | undefined;
  'iops-size'?: QmpInteger | undefined;
}
export type ObjectAddTlsCredsAnonEndpoint = 'client' | 'server';
export type QmpCapabilitiesEnable = 'oob';
export type QueryAcpiOspmStatusSlotType = 'DIMM' | 'CPU';
export type QueryAudiodevsDriver = 'none' | 'alsa' | 'dbus' | 'jack' | 'oss' | 'pa' | 'pipewire' | 'sdl' | 'spice' | 'wav';
export interface QueryAudiodevsNone {
  in?: QueryAudiodevsNoneIn;
  out?: QueryAudiodevsNoneIn;
}
export interface QueryAudiodevsAlsa {
  in?: QueryAudiodevsAlsaIn;
  out?: QueryAudiodevsAlsaIn;
  threshold?: QmpInteger;
}
export interface QueryAudiodevsDbus {
  in?: QueryAudiodevsNoneIn;
  out?: QueryAudiodevsNoneIn;
  nsamples?: QmpInteger;
}
export interface QueryAudiodevsJack {
  in?: QueryAudiodevsJackIn;
  out?: QueryAudiodevsJackIn;
}
export interface QueryAudiodevsOss {
  in?: QueryAudiodevsOssIn;
  out?: QueryAudiodevsOssIn;
  'try-mmap'?: boolean;
  exclusive?: boolean;
  'dsp-policy'?: QmpInteger;
}
export interface QueryAudiodevsPa {
  in?: QueryAudiodevsPaIn;
  out?: QueryAudiodevsPaIn;
  server?: string;
}
export interface QueryAudiodevsPipewire {
  in?: QueryAudiodevsPipewireIn;
  out?: QueryAudiodevsPipewireIn;
}
export interface QueryAudiodevsSdl {
  in?: QueryAudiodevsSdlIn;
  out?: QueryAudiodevsSdlIn;
}
export interface QueryAudiodevsWav {
  in?: QueryAudiodevsNoneIn;
  out?: QueryAudiodevsNoneIn;
  path?: string;
}
export type QueryBlockIoStatus = 'ok' | 'failed' | 'nospace';
export interface QueryBlockJobsMirror {
  'actively-synced': boolean;
}
export interface QueryBlockstatsStats {
  rd_bytes: QmpInteger;
  wr_bytes: QmpInteger;
  zone_append_bytes: QmpInteger;
  unmap_bytes: QmpInteger;
  rd_operations: QmpInteger;
  wr_operations: QmpInteger;
  zone_append_operations: QmpInteger;
  flush_operations: QmpInteger;
  unmap_operations: QmpInteger;
  rd_total_time_ns: QmpInteger;
  wr_total_time_ns: QmpInteger;
  zone_append_total_time_ns: QmpInteger;
  flush_total_time_ns: QmpInteger;
  unmap_total_time_ns: QmpInteger;
  wr_highest_offset: QmpInteger;
  rd_merged: QmpInteger;
  wr_merged: QmpInteger;
  zone_append_merged: QmpInteger;
  unmap_merged: QmpInteger;
  idle_time_ns?: QmpInteger;
  failed_rd_operations: QmpInteger;
  failed_wr_operations: QmpInteger;
  failed_zone_append_operations: QmpInteger;
  failed_flush_operations: QmpInteger;
  failed_unmap_operations: QmpInteger;
  invalid_rd_operations: QmpInteger;
  invalid_wr_operations: QmpInteger;
  invalid_zone_append_operations: QmpInteger;
  invalid_flush_operations: QmpInteger;
  invalid_unmap_operations: QmpInteger;
  account_invalid: boolean;
  account_failed: boolean;
  timed_stats: readonly QueryBlockstatsStatsTimedStats[];
  rd_latency_histogram?: QueryBlockstatsStatsRdLatencyHistogram;
  wr_latency_histogram?: QueryBlockstatsStatsRdLatencyHistogram;
  zone_append_latency_histogram?: QueryBlockstatsStatsRdLatencyHistogram;
  flush_latency_histogram?: QueryBlockstatsStatsRdLatencyHistogram;
}
export type QueryBlockstatsDriverSpecific =
  | ({ driver: 'file' | 'host_device' } & QueryBlockstatsDriverSpecificFile)
  | ({ driver: 'nvme' } & QueryBlockstatsDriverSpecificNvme)
  | ({ driver: 'blkdebug' | 'blklogwrites' | 'blkreplay' | 'blkverify' | 'bochs' | 'cloop' | 'compress' | 'copy-before-write' | 'copy-on-read' | 'dmg' | 'snapshot-access' | 'ftp' | 'ftps' | 'gluster' | 'host_cdrom' | 'http' | 'https' | 'io_uring' | 'iscsi' | 'luks' | 'nbd' | 'nfs' | 'null-aio' | 'null-co' | 'nvme-io_uring' | 'parallels' | 'preallocate' | 'qcow' | 'qcow2' | 'qed' | 'quorum' | 'raw' | 'rbd' | 'replication' | 'ssh' | 'throttle' | 'vdi' | 'vhdx' | 'virtio-blk-vfio-pci' | 'virtio-blk-vhost-user' | 'virtio-blk-vhost-vdpa' | 'vmdk' | 'vpc' | 'vvfat' });
export interface QueryCpusFastProps {
  'node-id'?: QmpInteger;
  'drawer-id'?: QmpInteger;
  'book-id'?: QmpInteger;
  'socket-id'?: QmpInteger;
  'die-id'?: QmpInteger;
  'cluster-id'?: QmpInteger;
  'module-id'?: QmpInteger;
  'core-id'?: QmpInteger;
  'thread-id'?: QmpInteger;
}
export interface QueryCpusFastS390x {
  'cpu-state': QmpOpenEnum<QueryCpusFastS390xCpuState>;
  dedicated?: boolean;
  entitlement?: QmpOpenEnum<QueryCpusFastS390xEntitlement>;
}
export interface QueryDirtyRateVcpuDirtyRate {
  id: QmpInteger;
  'dirty-rate': QmpInteger;
}
export type QueryDisplayOptionsSdlGrabMod = 'lctrl-lalt' | 'lshift-lctrl-lalt' | 'rctrl';
export type QueryMemoryDevicesType = 'dimm' | 'nvdimm' | 'virtio-pmem' | 'virtio-mem' | 'sgx-epc' | 'hv-balloon';
export interface QueryMemoryDevicesDimm {
  data: QueryMemoryDevicesDimmData;
}
export interface QueryMemoryDevicesVirtioPmem {
  data: QueryMemoryDevicesVirtioPmemData;
}
export interface QueryMemoryDevicesVirtioMem {
  data: QueryMemoryDevicesVirtioMemData;
}
export interface QueryMemoryDevicesSgxEpc {
  data: QueryMemoryDevicesSgxEpcData;
}
export interface QueryMemoryDevicesHvBalloon {
  data: QueryMemoryDevicesHvBalloonData;
}
export type QueryMigrateCapabilitiesCapability = 'xbzrle' | 'rdma-pin-all' | 'auto-converge' | 'zero-blocks' | 'events' | 'postcopy-ram' | 'x-colo' | 'release-ram' | 'return-path' | 'pause-before-switchover' | 'multifd' | 'dirty-bitmaps' | 'postcopy-blocktime' | 'late-block-activate' | 'x-ignore-shared' | 'validate-uuid' | 'background-snapshot' | 'zero-copy-send' | 'postcopy-preempt' | 'switchover-ack' | 'dirty-limit' | 'mapped-ram';
export interface QueryMigrateParametersBlockBitmapMapping {
  'node-name': string;
  alias: string;
  bitmaps: readonly QueryMigrateParametersBlockBitmapMappingBitmaps[];
}
export interface QueryNamedBlockNodesImage {
  filename: string;
  format: string;
  'dirty-flag'?: boolean;
  'actual-size'?: QmpInteger;
  'virtual-size': QmpInteger;
  'cluster-size'?: QmpInteger;
  encrypted?: boolean;
  compressed?: boolean;
  'backing-filename'?: string;
  'full-backing-filename'?: string;
  'backing-filename-format'?: string;
  snapshots?: readonly BlockdevSnapshotDeleteInternalSyncResult[];
  'format-specific'?: QueryNamedBlockNodesImageFormatSpecific;
  'backing-image'?: QueryNamedBlockNodesImage;
}
export interface QueryNamedBlockNodesCache {
  writeback: boolean;
  direct: boolean;
  'no-flush': boolean;
}
export type QueryQmpSchemaMetaType = 'builtin' | 'enum' | 'array' | 'object' | 'alternate' | 'command' | 'event';
export interface QueryQmpSchemaBuiltin {
  'json-type': QmpOpenEnum<QueryQmpSchemaBuiltinJsonType>;
}
export interface QueryQmpSchemaEnum {
  members: readonly QueryQmpSchemaEnumMembers[];
  /** @deprecated */
  values: readonly string[];
}
export interface QueryQmpSchemaArray {
  'element-type': string;
}
export interface QueryQmpSchemaObject {
  members: readonly QueryQmpSchemaObjectMembers[];
  tag?: string;
  variants?: readonly QueryQmpSchemaObjectVariants[];
}
export interface QueryQmpSchemaAlternate {
  members: readonly QueryQmpSchemaAlternateMembers[];
}
export interface QueryQmpSchemaCommand {
  'arg-type': string;
  'ret-type': string;
  'allow-oob'?: boolean;
}
export interface QueryQmpSchemaEvent {
  'arg-type': string;
}
export interface QueryRockerOfDpaFlowsKey {
  priority: QmpInteger;
  'tbl-id': QmpInteger;
  'in-pport'?: QmpInteger;
  'tunnel-id'?: QmpInteger;
  'vlan-id'?: QmpInteger;
  'eth-type'?: QmpInteger;
  'eth-src'?: string;
  'eth-dst'?: string;
  'ip-proto'?: QmpInteger;
  'ip-tos'?: QmpInteger;
  'ip-dst'?: string;
}
export interface QueryRockerOfDpaFlowsMask {
  'in-pport'?: QmpInteger;
  'tunnel-id'?: QmpInteger;
  'vlan-id'?: QmpInteger;
  'eth-src'?: string;
  'eth-dst'?: string;
  'ip-proto'?: QmpInteger;
  'ip-tos'?: QmpInteger;
}
export interface QueryRockerOfDpaFlowsAction {
  'goto-tbl'?: QmpInteger;
  'group-id'?: QmpInteger;
  'tunnel-lport'?: QmpInteger;
  'vlan-id'?: QmpInteger;
  'new-vlan-id'?: QmpInteger;
  'out-pport'?: QmpInteger;
}
export type QueryRockerPortsDuplex = 'half' | 'full';
export type QueryRockerPortsAutoneg = 'off' | 'on';
export type QueryRxFilterMulticast = 'normal' | 'none' | 'all';
export interface QuerySgxSections {
  node: QmpInteger;
  size: QmpInteger;
}
export interface QueryStatsProviders {
  provider: QueryStatsSchemasProvider;
  names?: readonly string[] | undefined;
}
export type QueryTpmOptions =
  | ({ type: 'passthrough' } & QueryTpmOptionsPassthrough)
  | ({ type: 'emulator' } & QueryTpmOptionsEmulator);
export type QueryVncServersAuth = 'none' | 'vnc' | 'ra2' | 'ra2ne' | 'tight' | 'ultra' | 'tls' | 'vencrypt' | 'sasl';
export type QueryVncServersVencrypt = 'plain' | 'tls-none' | 'x509-none' | 'tls-vnc' | 'x509-vnc' | 'tls-plain' | 'x509-plain' | 'tls-sasl' | 'x509-sasl';
export type QueryYankType = 'block-node' | 'chardev' | 'migration';
export interface QueryYankBlockNode {
  'node-name': string;
}
export interface QueryYankChardev {
  id: string;
}
export type SendKeyKeys =
  | ({ type: 'number' } & SendKeyKeysNumber)
  | ({ type: 'qcode' } & SendKeyKeysQcode);
export type SetNumaNodeHmatLbHierarchy = 'memory' | 'first-level' | 'second-level' | 'third-level';
export type SetNumaNodeHmatLbDataType = 'access-latency' | 'read-latency' | 'write-latency' | 'access-bandwidth' | 'read-bandwidth' | 'write-bandwidth';
export type SetNumaNodeHmatCacheAssociativity = 'none' | 'direct' | 'complex';
export type SetNumaNodeHmatCachePolicy = 'none' | 'write-back' | 'write-through';
export type TraceEventGetStateState = 'unavailable' | 'disabled' | 'enabled';
export type TransactionActions =
  | ({ type: 'abort' } & TransactionActionsAbort)
  | ({ type: 'block-dirty-bitmap-add' } & TransactionActionsBlockDirtyBitmapAdd)
  | ({ type: 'block-dirty-bitmap-remove' | 'block-dirty-bitmap-clear' | 'block-dirty-bitmap-enable' | 'block-dirty-bitmap-disable' } & TransactionActionsBlockDirtyBitmapRemove)
  | ({ type: 'block-dirty-bitmap-merge' } & TransactionActionsBlockDirtyBitmapMerge)
  | ({ type: 'blockdev-backup' } & TransactionActionsBlockdevBackup)
  | ({ type: 'blockdev-snapshot' } & TransactionActionsBlockdevSnapshot)
  | ({ type: 'blockdev-snapshot-internal-sync' } & TransactionActionsBlockdevSnapshotInternalSync)
  | ({ type: 'blockdev-snapshot-sync' } & TransactionActionsBlockdevSnapshotSync)
  | ({ type: 'drive-backup' } & TransactionActionsDriveBackup);
export type TransactionPropertiesCompletionMode = 'individual' | 'grouped';
export interface XBlockdevAmendOptionsLuks {
  state: XBlockdevAmendOptionsLuksState;
  'new-secret'?: string | undefined;
  'old-secret'?: string | undefined;
  keyslot?: QmpInteger | undefined;
  'iter-time'?: QmpInteger | undefined;
  secret?: string | undefined;
}
export interface XBlockdevAmendOptionsQcow2 {
  encrypt?: XBlockdevAmendOptionsQcow2Encrypt | undefined;
}
export interface XDebugQueryBlockGraphNodes {
  id: QmpInteger;
  type: QmpOpenEnum<XDebugQueryBlockGraphNodesType>;
  name: string;
}
export interface XDebugQueryBlockGraphEdges {
  parent: QmpInteger;
  child: QmpInteger;
  name: string;
  perm: readonly (QmpOpenEnum<BlockdevAddBlkdebugTakeChildPerms>)[];
  'shared-perm': readonly (QmpOpenEnum<BlockdevAddBlkdebugTakeChildPerms>)[];
}
export interface XQueryVirtioQueueElementDescs {
  addr: QmpInteger;
  len: QmpInteger;
  flags: readonly string[];
}
export interface XQueryVirtioStatusVhostDevProtocolFeatures {
  protocols: readonly string[];
  'unknown-protocols'?: QmpInteger;
}
export type XenEventListType = 'closed' | 'unbound' | 'interdomain' | 'pirq' | 'virq' | 'ipi';
export type YankInstances =
  | ({ type: 'block-node' } & YankInstancesBlockNode)
  | ({ type: 'chardev' } & YankInstancesChardev)
  | ({ type: 'migration' });
export type GuestCrashloadedInfoType = 'hyper-v' | 's390';
export interface GuestCrashloadedInfoHyperV {
  arg1: QmpInteger;
  arg2: QmpInteger;
  arg3: QmpInteger;
  arg4: QmpInteger;
  arg5: QmpInteger;
}
export interface GuestCrashloadedInfoS390 {
  core: QmpInteger;
  'psw-mask': QmpInteger;
  'psw-addr': QmpInteger;
  reason: QmpOpenEnum<GuestCrashloadedInfoS390Reason>;
}
export interface NetdevStreamConnectedAddrInet {
  host: string;
  port: string;
  numeric?: boolean;
  to?: QmpInteger;
  ipv4?: boolean;
  ipv6?: boolean;
  'keep-alive'?: boolean;
  mptcp?: boolean;
}
export interface NetdevStreamConnectedAddrUnix {
  path: string;
  abstract?: boolean;
  tight?: boolean;
}
export interface NetdevStreamConnectedAddrVsock {
  cid: string;
  port: string;
}
export interface NetdevStreamConnectedAddrFd {
  str: string;
}
export interface BlockExportAddVhostUserBlkAddrUnix {
  path: string;
  abstract?: boolean | undefined;
  tight?: boolean | undefined;
}
export interface BlockExportAddVhostUserBlkAddrVsock {
  cid: string;
  port: string;
}
export interface BlockExportAddVhostUserBlkAddrFd {
  str: string;
}
export interface BlockdevAddBlkdebugInjectError {
  event: BlockdevAddBlkdebugInjectErrorEvent;
  state?: QmpInteger | undefined;
  iotype?: BlockdevAddBlkdebugInjectErrorIotype | undefined;
  errno?: QmpInteger | undefined;
  'delay-ns'?: QmpInteger | undefined;
  sector?: QmpInteger | undefined;
  once?: boolean | undefined;
  immediately?: boolean | undefined;
}
export interface BlockdevAddBlkdebugSetState {
  event: BlockdevAddBlkdebugInjectErrorEvent;
  state?: QmpInteger | undefined;
  new_state: QmpInteger;
}
export type BlockdevAddBlkdebugTakeChildPerms = 'consistent-read' | 'write' | 'write-unchanged' | 'resize';
export type BlockdevAddNfsServerType = 'inet';
export interface BlockdevAddQcow2OverlapCheckChoice {
  template?: BlockdevAddQcow2OverlapCheckChoice2 | undefined;
  'main-header'?: boolean | undefined;
  'active-l1'?: boolean | undefined;
  'active-l2'?: boolean | undefined;
  'refcount-table'?: boolean | undefined;
  'refcount-block'?: boolean | undefined;
  'snapshot-table'?: boolean | undefined;
  'inactive-l1'?: boolean | undefined;
  'inactive-l2'?: boolean | undefined;
  'bitmap-directory'?: boolean | undefined;
}
export type BlockdevAddQcow2OverlapCheckChoice2 = 'none' | 'constant' | 'cached' | 'all';
export type BlockdevAddQcow2EncryptFormat = 'aes' | 'luks';
export interface BlockdevAddQcow2EncryptAes {
  'key-secret'?: string | undefined;
}
export interface BlockdevAddQcow2EncryptLuks {
  'key-secret'?: string | undefined;
}
export type BlockdevAddQcowEncryptFormat = 'aes';
export type BlockdevAddRbdEncryptFormat = 'luks' | 'luks2' | 'luks-any';
export interface BlockdevAddRbdEncryptLuks {
  'key-secret': string;
}
export interface BlockdevAddRbdEncryptLuks2 {
  'key-secret': string;
}
export interface BlockdevAddRbdEncryptLuksAny {
  'key-secret': string;
}
export type BlockdevAddRbdAuthClientRequired = 'cephx' | 'none';
export interface BlockdevAddRbdServer {
  host: string;
  port: string;
}
export type BlockdevAddSshHostKeyCheckMode = 'none' | 'hash' | 'known_hosts';
export interface BlockdevAddSshHostKeyCheckHash {
  type: BlockdevAddSshHostKeyCheckHashType;
  hash: string;
}
export type BlockdevCreateOptionsFilePreallocation = 'off' | 'metadata' | 'falloc' | 'full';
export type BlockdevCreateOptionsLuksCipherAlg = 'aes-128' | 'aes-192' | 'aes-256' | 'des' | '3des' | 'cast5-128' | 'serpent-128' | 'serpent-192' | 'serpent-256' | 'twofish-128' | 'twofish-192' | 'twofish-256' | 'sm4';
export type BlockdevCreateOptionsLuksCipherMode = 'ecb' | 'cbc' | 'xts' | 'ctr';
export type BlockdevCreateOptionsLuksIvgenAlg = 'plain' | 'plain64' | 'essiv';
export type BlockdevCreateOptionsLuksIvgenHashAlg = 'md5' | 'sha1' | 'sha224' | 'sha256' | 'sha384' | 'sha512' | 'ripemd160' | 'sm3';
export type BlockdevCreateOptionsQcowEncrypt =
  | ({ format: 'qcow' } & BlockdevAddQcow2EncryptAes)
  | ({ format: 'luks' } & BlockdevCreateOptionsQcowEncryptLuks);
export type BlockdevCreateOptionsQcow2Version = 'v2' | 'v3';
export type BlockdevCreateOptionsQcow2CompressionType = 'zlib' | 'zstd';
export type BlockdevCreateOptionsRbdEncrypt =
  | ({ format: 'luks' } & BlockdevCreateOptionsRbdEncryptLuks)
  | ({ format: 'luks2' } & BlockdevCreateOptionsRbdEncryptLuks2)
  | ({ format: 'luks-any' });
export type BlockdevCreateOptionsVhdxSubformat = 'dynamic' | 'fixed';
export type BlockdevCreateOptionsVmdkSubformat = 'monolithicSparse' | 'monolithicFlat' | 'twoGbMaxExtentSparse' | 'twoGbMaxExtentFlat' | 'streamOptimized';
export type BlockdevCreateOptionsVmdkAdapterType = 'ide' | 'buslogic' | 'lsilogic' | 'legacyESX';
export type BlockdevCreateOptionsVpcSubformat = 'dynamic' | 'fixed';
export interface ChardevAddBackendFileData {
  logfile?: string | undefined;
  logappend?: boolean | undefined;
  in?: string | undefined;
  out: string;
  append?: boolean | undefined;
}
export interface ChardevAddBackendSerialData {
  logfile?: string | undefined;
  logappend?: boolean | undefined;
  device: string;
}
export interface ChardevAddBackendSocketData {
  logfile?: string | undefined;
  logappend?: boolean | undefined;
  addr: NbdServerStartAddr;
  'tls-creds'?: string | undefined;
  'tls-authz'?: string | undefined;
  server?: boolean | undefined;
  wait?: boolean | undefined;
  nodelay?: boolean | undefined;
  telnet?: boolean | undefined;
  tn3270?: boolean | undefined;
  websocket?: boolean | undefined;
  /** @deprecated */
  reconnect?: QmpInteger | undefined;
  'reconnect-ms'?: QmpInteger | undefined;
}
export interface ChardevAddBackendUdpData {
  logfile?: string | undefined;
  logappend?: boolean | undefined;
  remote: NbdServerStartAddr;
  local?: NbdServerStartAddr | undefined;
}
export interface ChardevAddBackendPtyData {
  logfile?: string | undefined;
  logappend?: boolean | undefined;
  path?: string | undefined;
}
export interface ChardevAddBackendNullData {
  logfile?: string | undefined;
  logappend?: boolean | undefined;
}
export interface ChardevAddBackendMuxData {
  logfile?: string | undefined;
  logappend?: boolean | undefined;
  chardev: string;
}
export interface ChardevAddBackendHubData {
  logfile?: string | undefined;
  logappend?: boolean | undefined;
  chardevs: readonly string[];
}
export interface ChardevAddBackendStdioData {
  logfile?: string | undefined;
  logappend?: boolean | undefined;
  signal?: boolean | undefined;
}
export interface ChardevAddBackendSpicevmcData {
  logfile?: string | undefined;
  logappend?: boolean | undefined;
  type: string;
}
export interface ChardevAddBackendSpiceportData {
  logfile?: string | undefined;
  logappend?: boolean | undefined;
  fqdn: string;
}
export interface ChardevAddBackendQemuVdagentData {
  logfile?: string | undefined;
  logappend?: boolean | undefined;
  mouse?: boolean | undefined;
  clipboard?: boolean | undefined;
}
export interface ChardevAddBackendDbusData {
  logfile?: string | undefined;
  logappend?: boolean | undefined;
  name: string;
}
export interface ChardevAddBackendVcData {
  logfile?: string | undefined;
  logappend?: boolean | undefined;
  width?: QmpInteger | undefined;
  height?: QmpInteger | undefined;
  cols?: QmpInteger | undefined;
  rows?: QmpInteger | undefined;
}
export interface ChardevAddBackendRingbufData {
  logfile?: string | undefined;
  logappend?: boolean | undefined;
  size?: QmpInteger | undefined;
}
export type CxlInjectUncorrectableErrorsErrorsType = 'cache-data-parity' | 'cache-address-parity' | 'cache-be-parity' | 'cache-data-ecc' | 'mem-data-parity' | 'mem-address-parity' | 'mem-be-parity' | 'mem-data-ecc' | 'reinit-threshold' | 'rsvd-encoding' | 'poison-received' | 'receiver-overflow' | 'internal' | 'cxl-ide-tx' | 'cxl-ide-rx';
export type InputSendEventEventsType = 'key' | 'btn' | 'rel' | 'abs' | 'mtt';
export interface InputSendEventEventsKey {
  data: InputSendEventEventsKeyData;
}
export interface InputSendEventEventsBtn {
  data: InputSendEventEventsBtnData;
}
export interface InputSendEventEventsRel {
  data: InputSendEventEventsRelData;
}
export interface InputSendEventEventsMtt {
  data: InputSendEventEventsMttData;
}
export type MigrateChannelsChannelType = 'main' | 'cpr';
export type MigrateChannelsAddr =
  | ({ transport: 'socket' } & BlockExportAddVhostUserBlkAddr)
  | ({ transport: 'exec' } & MigrateChannelsAddrExec)
  | ({ transport: 'rdma' } & BlockdevAddSshServer)
  | ({ transport: 'file' } & MigrateChannelsAddrFile);
export interface NetdevAddUserDnssearch {
  str: string;
}
export interface ObjectAddAuthzListRules {
  match: string;
  policy: ObjectAddAuthzListPolicy;
  format?: ObjectAddAuthzListRulesFormat | undefined;
}
export interface QueryAudiodevsNoneIn {
  'mixing-engine'?: boolean;
  'fixed-settings'?: boolean;
  frequency?: QmpInteger;
  channels?: QmpInteger;
  voices?: QmpInteger;
  format?: QmpOpenEnum<QueryAudiodevsNoneInFormat>;
  'buffer-length'?: QmpInteger;
}
export interface QueryAudiodevsAlsaIn {
  'mixing-engine'?: boolean;
  'fixed-settings'?: boolean;
  frequency?: QmpInteger;
  channels?: QmpInteger;
  voices?: QmpInteger;
  format?: QmpOpenEnum<QueryAudiodevsNoneInFormat>;
  'buffer-length'?: QmpInteger;
  dev?: string;
  'period-length'?: QmpInteger;
  'try-poll'?: boolean;
}
export interface QueryAudiodevsJackIn {
  'mixing-engine'?: boolean;
  'fixed-settings'?: boolean;
  frequency?: QmpInteger;
  channels?: QmpInteger;
  voices?: QmpInteger;
  format?: QmpOpenEnum<QueryAudiodevsNoneInFormat>;
  'buffer-length'?: QmpInteger;
  'server-name'?: string;
  'client-name'?: string;
  'connect-ports'?: string;
  'start-server'?: boolean;
  'exact-name'?: boolean;
}
export interface QueryAudiodevsOssIn {
  'mixing-engine'?: boolean;
  'fixed-settings'?: boolean;
  frequency?: QmpInteger;
  channels?: QmpInteger;
  voices?: QmpInteger;
  format?: QmpOpenEnum<QueryAudiodevsNoneInFormat>;
  'buffer-length'?: QmpInteger;
  dev?: string;
  'buffer-count'?: QmpInteger;
  'try-poll'?: boolean;
}
export interface QueryAudiodevsPaIn {
  'mixing-engine'?: boolean;
  'fixed-settings'?: boolean;
  frequency?: QmpInteger;
  channels?: QmpInteger;
  voices?: QmpInteger;
  format?: QmpOpenEnum<QueryAudiodevsNoneInFormat>;
  'buffer-length'?: QmpInteger;
  name?: string;
  'stream-name'?: string;
  latency?: QmpInteger;
}
export interface QueryAudiodevsPipewireIn {
  'mixing-engine'?: boolean;
  'fixed-settings'?: boolean;
  frequency?: QmpInteger;
  channels?: QmpInteger;
  voices?: QmpInteger;
  format?: QmpOpenEnum<QueryAudiodevsNoneInFormat>;
  'buffer-length'?: QmpInteger;
  name?: string;
  'stream-name'?: string;
  latency?: QmpInteger;
}
export interface QueryAudiodevsSdlIn {
  'mixing-engine'?: boolean;
  'fixed-settings'?: boolean;
  frequency?: QmpInteger;
  channels?: QmpInteger;
  voices?: QmpInteger;
  format?: QmpOpenEnum<QueryAudiodevsNoneInFormat>;
  'buffer-length'?: QmpInteger;
  'buffer-count'?: QmpInteger;
}
export interface QueryBlockstatsStatsRdLatencyHistogram {
  boundaries: readonly QmpInteger[];
  bins: readonly QmpInteger[];
}
export interface QueryBlockstatsDriverSpecificFile {
  'discard-nb-ok': QmpInteger;
  'discard-nb-failed': QmpInteger;
  'discard-bytes-ok': QmpInteger;
}
export interface QueryBlockstatsDriverSpecificNvme {
  'completion-errors': QmpInteger;
  'aligned-accesses': QmpInteger;
  'unaligned-accesses': QmpInteger;
}
export interface QueryCommandLineOptionsParameters {
  name: string;
  type: QmpOpenEnum<QueryCommandLineOptionsParametersType>;
  help?: string;
  default?: string;
}
export type QueryCpusFastS390xCpuState = 'uninitialized' | 'stopped' | 'check-stop' | 'operating' | 'load';
export type QueryCpusFastS390xEntitlement = 'auto' | 'low' | 'medium' | 'high';
export type QueryCryptodevService = 'cipher' | 'hash' | 'mac' | 'aead' | 'akcipher';
export interface QueryCryptodevClient {
  queue: QmpInteger;
  type: QmpOpenEnum<QueryCryptodevClientType>;
}
export interface QueryFdsetsFds {
  fd: QmpInteger;
  opaque?: string;
}
export interface QueryMachinesCompatProps {
  'qom-type': string;
  property: string;
  value: string;
}
export interface QueryMemoryDevicesDimmData {
  id?: string;
  addr: QmpInteger;
  size: QmpInteger;
  slot: QmpInteger;
  node: QmpInteger;
  memdev: string;
  hotplugged: boolean;
  hotpluggable: boolean;
}
export interface QueryMemoryDevicesVirtioPmemData {
  id?: string;
  memaddr: QmpInteger;
  size: QmpInteger;
  memdev: string;
}
export interface QueryMemoryDevicesVirtioMemData {
  id?: string;
  memaddr: QmpInteger;
  'requested-size': QmpInteger;
  size: QmpInteger;
  'max-size': QmpInteger;
  'block-size': QmpInteger;
  node: QmpInteger;
  memdev: string;
}
export interface QueryMemoryDevicesSgxEpcData {
  id?: string;
  memaddr: QmpInteger;
  size: QmpInteger;
  node: QmpInteger;
  memdev: string;
}
export interface QueryMemoryDevicesHvBalloonData {
  id?: string;
  memaddr?: QmpInteger;
  'max-size': QmpInteger;
  memdev?: string;
}
export type QueryNamedBlockNodesImageFormatSpecific =
  | ({ type: 'qcow2' } & QueryNamedBlockNodesImageFormatSpecificQcow2)
  | ({ type: 'vmdk' } & QueryNamedBlockNodesImageFormatSpecificVmdk)
  | ({ type: 'luks' } & QueryNamedBlockNodesImageFormatSpecificLuks)
  | ({ type: 'rbd' } & QueryNamedBlockNodesImageFormatSpecificRbd)
  | ({ type: 'file' } & QueryNamedBlockNodesImageFormatSpecificFile);
export interface QueryNamedBlockNodesDirtyBitmaps {
  name?: string;
  count: QmpInteger;
  granularity: QmpInteger;
  recording: boolean;
  busy: boolean;
  persistent: boolean;
  inconsistent?: boolean;
}
export interface QueryPciDevices {
  bus: QmpInteger;
  slot: QmpInteger;
  function: QmpInteger;
  class_info: QueryPciDevicesClassInfo;
  id: QueryPciDevicesId;
  irq?: QmpInteger;
  irq_pin: QmpInteger;
  qdev_id: string;
  pci_bridge?: QueryPciDevicesPciBridge;
  regions: readonly QueryPciDevicesRegions[];
}
export type QueryQmpSchemaBuiltinJsonType = 'string' | 'number' | 'int' | 'boolean' | 'null' | 'object' | 'array' | 'value';
export interface QueryStatsStats {
  name: string;
  value: QueryStatsStatsValue;
}
export interface QueryStatsSchemasStats {
  name: string;
  type: QmpOpenEnum<QueryStatsSchemasStatsType>;
  unit?: QmpOpenEnum<QueryStatsSchemasStatsUnit>;
  base?: QmpInteger;
  exponent: QmpInteger;
  'bucket-size'?: QmpInteger;
}
export interface QueryTpmOptionsPassthrough {
  data: QueryTpmOptionsPassthroughData;
}
export interface QueryTpmOptionsEmulator {
  data: QueryTpmOptionsEmulatorData;
}
export interface QueryVncServersServer {
  host: string;
  service: string;
  family: QmpOpenEnum<QueryVncFamily>;
  websocket: boolean;
  auth: QmpOpenEnum<QueryVncServersAuth>;
  vencrypt?: QmpOpenEnum<QueryVncServersVencrypt>;
}
export type SendKeyKeysType = 'number' | 'qcode';
export interface SendKeyKeysNumber {
  data: QmpInteger;
}
export interface SendKeyKeysQcode {
  data: SendKeyKeysQcodeData;
}
export type TransactionActionsType = 'abort' | 'block-dirty-bitmap-add' | 'block-dirty-bitmap-remove' | 'block-dirty-bitmap-clear' | 'block-dirty-bitmap-enable' | 'block-dirty-bitmap-disable' | 'block-dirty-bitmap-merge' | 'blockdev-backup' | 'blockdev-snapshot' | 'blockdev-snapshot-internal-sync' | 'blockdev-snapshot-sync' | 'drive-backup';
export interface TransactionActionsAbort {
  data: QmpEmpty;
}
export interface TransactionActionsBlockDirtyBitmapAdd {
  data: BlockDirtyBitmapAddArguments;
}
export interface TransactionActionsBlockDirtyBitmapRemove {
  data: BlockDirtyBitmapClearArguments;
}
export interface TransactionActionsBlockDirtyBitmapMerge {
  data: BlockDirtyBitmapMergeArguments;
}
export interface TransactionActionsBlockdevBackup {
  data: BlockdevBackupArguments;
}
export interface TransactionActionsBlockdevSnapshot {
  data: BlockdevSnapshotArguments;
}
export interface TransactionActionsBlockdevSnapshotInternalSync {
  data: BlockdevSnapshotInternalSyncArguments;
}
export interface TransactionActionsBlockdevSnapshotSync {
  data: BlockdevSnapshotSyncArguments;
}
export interface TransactionActionsDriveBackup {
  data: DriveBackupArguments;
}
export type XBlockdevAmendOptionsLuksState = 'active' | 'inactive';
export type XBlockdevAmendOptionsQcow2Encrypt =
  | ({ format: 'luks' } & XBlockdevAmendOptionsQcow2EncryptLuks)
  | ({ format: 'qcow' });
export type XDebugQueryBlockGraphNodesType = 'block-backend' | 'block-job' | 'block-driver';
export interface YankInstancesBlockNode {
  'node-name': string;
}
export interface YankInstancesChardev {
  id: string;
}
export type GuestCrashloadedInfoS390Reason = 'unknown' | 'disabled-wait' | 'extint-loop' | 'pgmint-loop' | 'opint-loop';
export type BlockdevAddBlkdebugInjectErrorEvent = 'l1_update' | 'l1_grow_alloc_table' | 'l1_grow_write_table' | 'l1_grow_activate_table' | 'l2_load' | 'l2_update' | 'l2_update_compressed' | 'l2_alloc_cow_read' | 'l2_alloc_write' | 'read_aio' | 'read_backing_aio' | 'read_compressed' | 'write_aio' | 'write_compressed' | 'vmstate_load' | 'vmstate_save' | 'cow_read' | 'cow_write' | 'reftable_load' | 'reftable_grow' | 'reftable_update' | 'refblock_load' | 'refblock_update' | 'refblock_update_part' | 'refblock_alloc' | 'refblock_alloc_hookup' | 'refblock_alloc_write' | 'refblock_alloc_write_blocks' | 'refblock_alloc_write_table' | 'refblock_alloc_switch_table' | 'cluster_alloc' | 'cluster_alloc_bytes' | 'cluster_free' | 'flush_to_os' | 'flush_to_disk' | 'pwritev_rmw_head' | 'pwritev_rmw_after_head' | 'pwritev_rmw_tail' | 'pwritev_rmw_after_tail' | 'pwritev' | 'pwritev_zero' | 'pwritev_done' | 'empty_image_prepare' | 'l1_shrink_write_table' | 'l1_shrink_free_l2_clusters' | 'cor_write' | 'cluster_alloc_space' | 'none';
export type BlockdevAddBlkdebugInjectErrorIotype = 'read' | 'write' | 'write-zeroes' | 'discard' | 'flush' | 'block-status';
export type BlockdevAddSshHostKeyCheckHashType = 'md5' | 'sha1' | 'sha256';
export type BlockdevCreateOptionsQcowEncryptFormat = 'qcow' | 'luks';
export interface BlockdevCreateOptionsQcowEncryptLuks {
  'key-secret'?: string | undefined;
  'cipher-alg'?: BlockdevCreateOptionsLuksCipherAlg | undefined;
  'cipher-mode'?: BlockdevCreateOptionsLuksCipherMode | undefined;
  'ivgen-alg'?: BlockdevCreateOptionsLuksIvgenAlg | undefined;
  'ivgen-hash-alg'?: BlockdevCreateOptionsLuksIvgenHashAlg | undefined;
  'hash-alg'?: BlockdevCreateOptionsLuksIvgenHashAlg | undefined;
  'iter-time'?: QmpInteger | undefined;
}
export interface BlockdevCreateOptionsRbdEncryptLuks {
  'key-secret': string;
  'cipher-alg'?: BlockdevCreateOptionsLuksCipherAlg | undefined;
}
export interface BlockdevCreateOptionsRbdEncryptLuks2 {
  'key-secret': string;
  'cipher-alg'?: BlockdevCreateOptionsLuksCipherAlg | undefined;
}
export interface InputSendEventEventsKeyData {
  key: SendKeyKeys;
  down: boolean;
}
export interface InputSendEventEventsBtnData {
  button: InputSendEventEventsBtnDataButton;
  down: boolean;
}
export interface InputSendEventEventsRelData {
  axis: InputSendEventEventsRelDataAxis;
  value: QmpInteger;
}
export interface InputSendEventEventsMttData {
  type: InputSendEventEventsMttDataType;
  slot: QmpInteger;
  'tracking-id': QmpInteger;
  axis: InputSendEventEventsRelDataAxis;
  value: QmpInteger;
}
export type MigrateChannelsAddrTransport = 'socket' | 'exec' | 'rdma' | 'file';
export interface MigrateChannelsAddrExec {
  args: readonly string[];
}
export interface MigrateChannelsAddrFile {
  filename: string;
  offset: QmpInteger;
}
export interface MigrateSetParametersBlockBitmapMappingBitmaps {
  name: string;
  alias: string;
  transform?: MigrateSetParametersBlockBitmapMappingBitmapsTransform | undefined;
}
export type ObjectAddAuthzListRulesFormat = 'exact' | 'glob';
export type QueryAudiodevsNoneInFormat = 'u8' | 's8' | 'u16' | 's16' | 'u32' | 's32' | 'f32';
export interface QueryBlockstatsStatsTimedStats {
  interval_length: QmpInteger;
  min_rd_latency_ns: QmpInteger;
  max_rd_latency_ns: QmpInteger;
  avg_rd_latency_ns: QmpInteger;
  min_wr_latency_ns: QmpInteger;
  max_wr_latency_ns: QmpInteger;
  avg_wr_latency_ns: QmpInteger;
  min_zone_append_latency_ns: QmpInteger;
  max_zone_append_latency_ns: QmpInteger;
  avg_zone_append_latency_ns: QmpInteger;
  min_flush_latency_ns: QmpInteger;
  max_flush_latency_ns: QmpInteger;
  avg_flush_latency_ns: QmpInteger;
  avg_rd_queue_depth: number;
  avg_wr_queue_depth: number;
  avg_zone_append_queue_depth: number;
}
export type QueryCommandLineOptionsParametersType = 'string' | 'boolean' | 'number' | 'size';
export type QueryCryptodevClientType = 'builtin' | 'vhost-user' | 'lkcf';
export interface QueryMigrateParametersBlockBitmapMappingBitmaps {
  name: string;
  alias: string;
  transform?: QueryMigrateParametersBlockBitmapMappingBitmapsTransform;
}
export type QueryNamedBlockNodesImageFormatSpecificType = 'qcow2' | 'vmdk' | 'luks' | 'rbd' | 'file';
export interface QueryNamedBlockNodesImageFormatSpecificQcow2 {
  data: QueryNamedBlockNodesImageFormatSpecificQcow2Data;
}
export interface QueryNamedBlockNodesImageFormatSpecificVmdk {
  data: QueryNamedBlockNodesImageFormatSpecificVmdkData;
}
export interface QueryNamedBlockNodesImageFormatSpecificLuks {
  data: QueryNamedBlockNodesImageFormatSpecificLuksData;
}
export interface QueryNamedBlockNodesImageFormatSpecificRbd {
  data: QueryNamedBlockNodesImageFormatSpecificRbdData;
}
export interface QueryNamedBlockNodesImageFormatSpecificFile {
  data: QueryNamedBlockNodesImageFormatSpecificFileData;
}
export interface QueryPciDevicesClassInfo {
  desc?: string;
  class: QmpInteger;
}
export interface QueryPciDevicesId {
  device: QmpInteger;
  vendor: QmpInteger;
  subsystem?: QmpInteger;
  'subsystem-vendor'?: QmpInteger;
}
export interface QueryPciDevicesPciBridge {
  bus: QueryPciDevicesPciBridgeBus;
  devices?: readonly QueryPciDevices[];
}
export interface QueryQmpSchemaEnumMembers {
  name: string;
  features?: readonly string[];
}
export interface QueryQmpSchemaObjectMembers {
  name: string;
  type: string;
  default?: unknown;
  features?: readonly string[];
}
export interface QueryQmpSchemaObjectVariants {
  case: string;
  type: string;
}
export interface QueryQmpSchemaAlternateMembers {
  type: string;
}
export type QueryStatsStatsValue = QmpInteger | boolean | readonly QmpInteger[];
export type QueryStatsSchemasStatsType = 'cumulative' | 'instant' | 'peak' | 'linear-histogram' | 'log2-histogram';
export type QueryStatsSchemasStatsUnit = 'bytes' | 'seconds' | 'cycles' | 'boolean';
export interface QueryTpmOptionsPassthroughData {
  path?: string;
  'cancel-path'?: string;
}
export interface QueryTpmOptionsEmulatorData {
  chardev: string;
}
export type SendKeyKeysQcodeData = 'unmapped' | 'shift' | 'shift_r' | 'alt' | 'alt_r' | 'ctrl' | 'ctrl_r' | 'menu' | 'esc' | '1' | '2' | '3' | '4' | '5' | '6' | '7' | '8' | '9' | '0' | 'minus' | 'equal' | 'backspace' | 'tab' | 'q' | 'w' | 'e' | 'r' | 't' | 'y' | 'u' | 'i' | 'o' | 'p' | 'bracket_left' | 'bracket_right' | 'ret' | 'a' | 's' | 'd' | 'f' | 'g' | 'h' | 'j' | 'k' | 'l' | 'semicolon' | 'apostrophe' | 'grave_accent' | 'backslash' | 'z' | 'x' | 'c' | 'v' | 'b' | 'n' | 'm' | 'comma' | 'dot' | 'slash' | 'asterisk' | 'spc' | 'caps_lock' | 'f1' | 'f2' | 'f3' | 'f4' | 'f5' | 'f6' | 'f7' | 'f8' | 'f9' | 'f10' | 'num_lock' | 'scroll_lock' | 'kp_divide' | 'kp_multiply' | 'kp_subtract' | 'kp_add' | 'kp_enter' | 'kp_decimal' | 'sysrq' | 'kp_0' | 'kp_1' | 'kp_2' | 'kp_3' | 'kp_4' | 'kp_5' | 'kp_6' | 'kp_7' | 'kp_8' | 'kp_9' | 'less' | 'f11' | 'f12' | 'print' | 'home' | 'pgup' | 'pgdn' | 'end' | 'left' | 'up' | 'down' | 'right' | 'insert' | 'delete' | 'stop' | 'again' | 'props' | 'undo' | 'front' | 'copy' | 'open' | 'paste' | 'find' | 'cut' | 'lf' | 'help' | 'meta_l' | 'meta_r' | 'compose' | 'pause' | 'ro' | 'hiragana' | 'henkan' | 'yen' | 'muhenkan' | 'katakanahiragana' | 'kp_comma' | 'kp_equals' | 'power' | 'sleep' | 'wake' | 'audionext' | 'audioprev' | 'audiostop' | 'audioplay' | 'audiomute' | 'volumeup' | 'volumedown' | 'mediaselect' | 'mail' | 'calculator' | 'computer' | 'ac_home' | 'ac_back' | 'ac_forward' | 'ac_refresh' | 'ac_bookmarks' | 'lang1' | 'lang2' | 'f13' | 'f14' | 'f15' | 'f16' | 'f17' | 'f18' | 'f19' | 'f20' | 'f21' | 'f22' | 'f23' | 'f24';
export interface XBlockdevAmendOptionsQcow2EncryptLuks {
  state: XBlockdevAmendOptionsLuksState;
  'new-secret'?: string | undefined;
  'old-secret'?: string | undefined;
  keyslot?: QmpInteger | undefined;
  'iter-time'?: QmpInteger | undefined;
  secret?: string | undefined;
}
export type InputSendEventEventsBtnDataButton = 'left' | 'middle' | 'right' | 'wheel-up' | 'wheel-down' | 'side' | 'extra' | 'wheel-left' | 'wheel-right' | 'touch';
export type InputSendEventEventsRelDataAxis = 'x' | 'y';
export type InputSendEventEventsMttDataType = 'begin' | 'update' | 'end' | 'cancel' | 'data';
export interface MigrateSetParametersBlockBitmapMappingBitmapsTransform {
  persistent?: boolean | undefined;
}
export interface QueryMigrateParametersBlockBitmapMappingBitmapsTransform {
  persistent?: boolean;
}
export interface QueryNamedBlockNodesImageFormatSpecificQcow2Data {
  compat: string;
  'data-file'?: string;
  'data-file-raw'?: boolean;
  'extended-l2'?: boolean;
  'lazy-refcounts'?: boolean;
  corrupt?: boolean;
  'refcount-bits': QmpInteger;
  encrypt?: QueryNamedBlockNodesImageFormatSpecificQcow2DataEncrypt;
  bitmaps?: readonly QueryNamedBlockNodesImageFormatSpecificQcow2DataBitmaps[];
  'compression-type': QmpOpenEnum<BlockdevCreateOptionsQcow2CompressionType>;
}
export interface QueryNamedBlockNodesImageFormatSpecificVmdkData {
  'create-type': string;
  cid: QmpInteger;
  'parent-cid': QmpInteger;
  extents: readonly QueryNamedBlockNodesImageFormatSpecificVmdkDataExtents[];
}
export interface QueryNamedBlockNodesImageFormatSpecificLuksData {
  'cipher-alg': QmpOpenEnum<BlockdevCreateOptionsLuksCipherAlg>;
  'cipher-mode': QmpOpenEnum<BlockdevCreateOptionsLuksCipherMode>;
  'ivgen-alg': QmpOpenEnum<BlockdevCreateOptionsLuksIvgenAlg>;
  'ivgen-hash-alg'?: QmpOpenEnum<BlockdevCreateOptionsLuksIvgenHashAlg>;
  'hash-alg': QmpOpenEnum<BlockdevCreateOptionsLuksIvgenHashAlg>;
  'detached-header': boolean;
  'payload-offset': QmpInteger;
  'master-key-iters': QmpInteger;
  uuid: string;
  slots: readonly QueryNamedBlockNodesImageFormatSpecificLuksDataSlots[];
}
export interface QueryNamedBlockNodesImageFormatSpecificRbdData {
  'encryption-format'?: QmpOpenEnum<BlockdevAddRbdEncryptFormat>;
}
export interface QueryNamedBlockNodesImageFormatSpecificFileData {
  'extent-size-hint'?: QmpInteger;
}
export interface QueryPciDevicesPciBridgeBus {
  number: QmpInteger;
  secondary: QmpInteger;
  subordinate: QmpInteger;
  io_range: QueryPciDevicesPciBridgeBusIoRange;
  memory_range: QueryPciDevicesPciBridgeBusIoRange;
  prefetchable_range: QueryPciDevicesPciBridgeBusIoRange;
}
export interface QueryPciDevicesRegions {
  bar: QmpInteger;
  type: string;
  address: QmpInteger;
  size: QmpInteger;
  prefetch?: boolean;
  mem_type_64?: boolean;
}
export type QueryNamedBlockNodesImageFormatSpecificQcow2DataEncrypt =
  | ({ format: 'luks' } & QueryNamedBlockNodesImageFormatSpecificLuksData)
  | ({ format: 'aes' });
export interface QueryPciDevicesPciBridgeBusIoRange {
  base: QmpInteger;
  limit: QmpInteger;
}
export interface QueryNamedBlockNodesImageFormatSpecificQcow2DataBitmaps {
  name: string;
  granularity: QmpInteger;
  flags: readonly (QmpOpenEnum<QueryNamedBlockNodesImageFormatSpecificQcow2DataBitmapsFlags>)[];
}
export interface QueryNamedBlockNodesImageFormatSpecificVmdkDataExtents {
  filename: string;
  format: string;
  'virtual-size': QmpInteger;
  'cluster-size'?: QmpInteger;
  compressed?: boolean;
}
export interface QueryNamedBlockNodesImageFormatSpecificLuksDataSlots {
  active: boolean;
  iters?: QmpInteger;
  stripes?: QmpInteger;
  'key-offset': QmpInteger;
}
export type QueryNamedBlockNodesImageFormatSpecificQcow2DataBitmapsFlags = 'in-use' | 'auto';
