/** What gRPC clients of ours have in common: a service from its file, credentials, failures. */
import {
  credentials,
  loadPackageDefinition,
  Metadata,
  status,
  type ChannelCredentials,
  type ServiceClientConstructor,
  type ServiceError,
} from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";

export type GrpcServiceOptions = {
  /** `http:` (plain) or `https:`, host and port. */
  readonly url: string;
  /** Sent as a bearer token. Secret. */
  readonly key?: string | undefined;
  /** Certificates to trust instead of the system's, PEM. */
  readonly ca?: string | undefined;
};

/** What this process knows of a service, as its `.proto` says. */
export function loadService(file: string, path: readonly string[]): ServiceClientConstructor {
  const loaded: unknown = loadPackageDefinition(loadSync(file, { defaults: true, oneofs: true }));
  const found = path.reduce((at, name) => (at as Record<string, unknown>)[name], loaded);
  return found as ServiceClientConstructor;
}

/** TLS where the URL says so. */
export function credentialsOf({ url, ca }: GrpcServiceOptions): ChannelCredentials {
  if (!url.startsWith("https:")) return credentials.createInsecure();
  return credentials.createSsl(ca === undefined ? null : Buffer.from(ca));
}

export function metadataOf({ key }: GrpcServiceOptions): Metadata {
  const metadata = new Metadata();
  if (key !== undefined) metadata.set("authorization", `Bearer ${key}`);
  return metadata;
}

/** What a status means; the caller puts its own prefix before it. */
export function failureKindOf({
  code,
}: ServiceError): "DENIED" | "QUOTA" | "UNAVAILABLE" | "STALLED" | "VENDOR" {
  switch (code) {
    case status.UNAUTHENTICATED:
    case status.PERMISSION_DENIED:
      return "DENIED";
    case status.RESOURCE_EXHAUSTED:
      return "QUOTA";
    case status.UNAVAILABLE:
      return "UNAVAILABLE";
    case status.DEADLINE_EXCEEDED:
      return "STALLED";
    default:
      return "VENDOR";
  }
}
