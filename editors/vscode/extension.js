// Starts `archc lsp` and hands over to it; it leaves YAML and TOML alone that is no network.

const vscode = require('vscode');
const { LanguageClient } = require('vscode-languageclient/node');

let client;

function settings() {
  const chosen = vscode.workspace.getConfiguration('archc');
  return { inlayHints: { enable: chosen.get('inlayHints.enable') } };
}

async function start() {
  const chosen = vscode.workspace.getConfiguration('archc');
  const allowed = chosen.get('allowInclude').flatMap((folder) => ['--allow-include', folder]);
  const server = { command: chosen.get('path'), args: ['lsp', ...allowed] };
  const languages = ['yaml', 'toml'].map((language) => ({ language }));
  client = new LanguageClient('archc', 'archc', server, {
    documentSelector: languages,
    initializationOptions: settings(),
    synchronize: { fileEvents: vscode.workspace.createFileSystemWatcher('**/*.{yaml,yml,toml}') },
  });
  try {
    await client.start();
  } catch (error) {
    client = undefined;
    vscode.window.showErrorMessage(`archc does not start: ${error.message}. Is \`${server.command}\` installed?`);
  }
}

async function stop() {
  const running = client;
  client = undefined;
  await running?.stop();
}

async function activate(context) {
  const restart = async () => {
    await stop();
    await start();
  };
  context.subscriptions.push(
    vscode.commands.registerCommand('archc.restart', restart),
    vscode.workspace.onDidChangeConfiguration((change) => {
      if (change.affectsConfiguration('archc.path') || change.affectsConfiguration('archc.allowInclude')) {
        return restart();
      }
      if (change.affectsConfiguration('archc')) {
        return client?.sendNotification('workspace/didChangeConfiguration', { settings: { archc: settings() } });
      }
    }),
  );
  await start();
}

module.exports = { activate, deactivate: stop };
