import { Command } from '@commander-js/extra-typings';
import type { LoadedConfig } from '../../config/load.ts';
import { loadConfiguration } from '../configuration.ts';
import type { CliContext, Outcome } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { describeProblems } from '../output/problems.ts';

export function configCommand(context: CliContext) {
  const validate = new Command('validate')
    .description('Check the configuration: every problem at once, with its place.')
    .action(async (_options, command) => {
      context.finish(validateOutcome(await loadConfiguration(context, command)));
    });
  const show = new Command('show')
    .description(
      'Print the configuration as vya understands it: defaults and environment included, no secrets.',
    )
    .action(async (_options, command) => {
      const { stringify } = await import('yaml');
      context.finish(showOutcome(await loadConfiguration(context, command), context.env, stringify));
    });
  const schema = new Command('schema')
    .description('Print the JSON Schema of the configuration file, for editors.')
    .action(async () => {
      const { configJsonSchema } = await import('../../config/json-schema.ts');
      const json = configJsonSchema();
      context.finish({ code: exitCodes.success, json, text: JSON.stringify(json, null, 2) });
    });
  return new Command('config')
    .addCommand(validate)
    .addCommand(show)
    .addCommand(schema)
    .addHelpText('after', examples);
}

const examples = `
Examples:
  vya config validate
  vya --config /etc/vya/config.yaml config show
  vya config schema > config.schema.json

The file is the one that --config or VYA_CONFIG_PATH names, or else the first there is of ./config/config.yaml,
$XDG_CONFIG_HOME/vya/config.yaml and /etc/vya/config.yaml. VYA_STORAGE__BASE_PATH and the like go before it.`;

function validateOutcome({ config, path, overriddenBy, warnings }: LoadedConfig): Outcome {
  const instances = config.instances.map(({ id }) => id);
  return {
    code: exitCodes.success,
    json: { status: 'ok', path, instances, overriddenBy, warnings },
    text: [
      `${path} is valid: ${instances.join(', ')}.`,
      ...describeProblems('environment', { warnings }),
    ].join('\n'),
  };
}

/** Passwords are not part of a configuration; a key that came in with the environment is named and masked. */
function showOutcome(
  { settled, path, overriddenBy, warnings }: LoadedConfig,
  env: NodeJS.ProcessEnv,
  asYaml: (value: unknown) => string,
): Outcome {
  const secrets = env['VYA_SECRET_KEY'] === undefined ? [] : ['VYA_SECRET_KEY=********'];
  const from = [...overriddenBy, ...secrets];
  const heading = [
    `# ${path}`,
    ...(from.length > 0 ? [`# with ${from.join(', ')} from the environment`] : []),
  ];
  const instances = settled.instances.map((instance) =>
    instance.user === undefined ? { ...instance, credential: instance.credential ?? instance.id } : instance,
  );
  const config = { ...settled, instances, notify: withoutPaths(settled.notify) };
  return {
    code: exitCodes.success,
    json: { status: 'ok', path, environment: from, config, warnings },
    text: [...heading, asYaml(config).trimEnd(), ...describeProblems('environment', { warnings })].join('\n'),
  };
}

/** The path of such an address is its password. */
function withoutPaths(notify: LoadedConfig['settled']['notify']): LoadedConfig['settled']['notify'] {
  const masked = (url: string | undefined) => url && `${new URL(url).origin}/********`;
  const { ping, webhook } = notify;
  return {
    ...notify,
    ping: { ...ping, url: masked(ping.url) },
    webhook: { ...webhook, url: masked(webhook.url) },
  };
}
