import type { Config, InstanceConfig } from '../config/resolve.ts';
import type { InstanceJob } from '../operations/jobs.ts';
import { getCredential } from '../secrets/credentials.ts';
import { secretKey } from '../secrets/host-key.ts';

/** Turns a configured instance into a job; its credential is decrypted only when the job is begun. */
export function instanceJob(
  instance: InstanceConfig,
  config: Config,
  surroundings: { env: NodeJS.ProcessEnv; hostname: string },
): InstanceJob {
  const { id, type, endpoint, tls, connectTimeoutMs, lockWaitSeconds, connectRetries, dumpLimits } = instance;
  return {
    id,
    type,
    include: instance.databases,
    exclude: instance.excludeDatabases,
    accounts: instance.accounts,
    open: async () => ({
      id,
      type,
      endpoint,
      tls,
      connectTimeoutMs,
      lockWaitSeconds,
      connectRetries,
      dumpLimits,
      ...(await loginOf(instance, config, surroundings)),
    }),
  };
}

/** A user alone logs in without a password; otherwise the credential of that name, or of the instance's, is decrypted. */
async function loginOf(
  { id, user, credential }: InstanceConfig,
  { secrets, security }: Config,
  surroundings: { env: NodeJS.ProcessEnv; hostname: string },
): Promise<{ user: string; password?: string; credential?: string }> {
  if (user !== undefined) return { user };
  const key = await secretKey({ ...surroundings, keyFile: security.keyFile });
  const name = credential ?? id;
  const login = await getCredential({ path: secrets.path, key }, name);
  return { user: login.username, password: login.password, credential: name };
}
