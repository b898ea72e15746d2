export { type ErrorDetails, VmletError, sentenceOf } from './base/vmlet-error.ts';
export { type ExitStatus, describeExit } from './base/exit-status.ts';
export { tellingLine } from './base/telling-line.ts';
export { isSystemError } from './base/system-error.ts';
export { InvalidInputError, ReplacedError } from './input.ts';
export { UserFileError } from './base/user-file-error.ts';
export { ConfigFileError } from './config.ts';
export { StandstillError, TimedOutError, WaitTimedOutError } from './time-limit.ts';
export { MissingProgramError, ProcessStartError, ProgramAnswerError, CommandFailedError } from './program.ts';
export {
  NoSpaceError,
  PermissionError,
  UnsupportedHostError,
  AcceleratorUnavailableError,
  BrokenQemuError,
  SharesUnavailableError,
  FirmwareNotFoundError,
  UserManagerUnavailableError,
} from './host.ts';
export {
  type PortOwner,
  PortTakenError,
  NetworkStartError,
  NetworkNotFoundError,
  NetworkExistsError,
  NetworkInUseError,
  SwitchRequestError,
} from './network.ts';
export { ConnectError } from './socket.ts';
export { RequestRefusedError } from './request.ts';
export {
  QmpRefusedError,
  QmpClosedError,
  QmpCrashedError,
  QmpStateError,
  QmpProtocolError,
  QmpConnectError,
  QmpNoGreetingError,
  QmpJobError,
} from './qmp.ts';
export {
  ImageBuildError,
  ImageNotFoundError,
  ImageInUseError,
  ImageLockedError,
  ImageRefusedError,
} from './image/image.ts';
export { type DownloadFailure, DownloadError, DigestMismatchError } from './image/download.ts';
export {
  CatalogueFileError,
  PublisherDocumentError,
  SignatureError,
  ImageMovedError,
} from './image/catalogue.ts';
export { LaunchError, MachineEndedError, KeeperEndedError } from './machine/machine-run.ts';
export {
  MachineNotFoundError,
  MachineExistsError,
  MachineBusyError,
  MachineStateError,
  NoSshServerError,
  BrokenMachineError,
} from './machine/named-machine.ts';
export { VolumeNotFoundError, VolumeExistsError, VolumeInUseError } from './machine/volume.ts';
export { MissingDeviceError, GuestHoldsDeviceError, GuestPlugError } from './machine/device.ts';
export {
  TemplateNotFoundError,
  TemplateExistsError,
  TemplateInUseError,
  TemplateStaleError,
  BrokenTemplateError,
} from './machine/template.ts';
export { PoolNotFoundError, PoolExistsError, PoolFailedError } from './machine/pool.ts';
export { CopyBackError } from './guest/copy-back.ts';
export { CopyInError } from './guest/copy-in.ts';
export { GuestCommandError, GuestCommandFailedError, GuestOutputError } from './guest/guest-command.ts';
export {
  GuestFileError,
  GuestMountError,
  GuestRequestError,
  GuestProtocolError,
  GuestClosedError,
  INSTALL_AGENT,
} from './guest/guest-agent.ts';
export { GuestSetupError, GuestUnitError, CloudInitError } from './guest/guest-system.ts';
export { FaultUnavailableError, type GuestAlarmKind, GuestAlarmError } from './machine/testing.ts';
