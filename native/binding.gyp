# The addon for node-gyp. It lies beside the sources, not at the root of the package, because npm would
# take a binding.gyp there for an order to compile at every install.
{
  'targets': [
    {
      'target_name': 'heddle',
      'sources': ['<!@(node -p "require(\'fs\').readFileSync(\'sources.txt\', \'utf8\').replaceAll(\'native/\', \'\').trim()")'],
      'include_dirs': ['<!(node -p "require(\'node-addon-api\').include_dir")'],
      'defines': [
        'NAPI_VERSION=8',
        'NAPI_DISABLE_CPP_EXCEPTIONS',
        # Without it a callback aborts the process when terminate() comes at the wrong moment.
        'NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS',
      ],
      'cflags': ['-fvisibility=hidden', '-Wall', '-Wextra'],
      'cflags_cc!': ['-std=gnu++17', '-std=gnu++20'],
      'cflags_cc': ['-std=c++20', '-O3', '-fno-exceptions', '-fno-rtti', '-fvisibility-inlines-hidden',
                    # Numbers as JavaScript computes them; and no error numbers or traps, which nobody asks for.
                    '-ffp-contract=off', '-fno-math-errno', '-fno-trapping-math'],
      'conditions': [
        ['OS=="linux"', {
          'ldflags': [
            # Threads may still run code of the addon while Node unloads it at the end of an environment.
            '-Wl,-z,nodelete',
            '-Wl,--version-script=<!(node -p "require(\'path\').resolve(\'exports.map\')")',
          ],
        }],
        ['OS=="mac"', {
          'xcode_settings': {
            'CLANG_CXX_LANGUAGE_STANDARD': 'c++20',
            'GCC_OPTIMIZATION_LEVEL': '3',
            'GCC_SYMBOLS_PRIVATE_EXTERN': 'YES',
            'GCC_ENABLE_CPP_EXCEPTIONS': 'NO',
            'GCC_ENABLE_CPP_RTTI': 'NO',
            'MACOSX_DEPLOYMENT_TARGET': '11.0',
            'OTHER_CPLUSPLUSFLAGS': ['-ffp-contract=off', '-fno-math-errno', '-fno-trapping-math'],
          },
        }],
        ['OS=="win"', {
          'msvs_settings': {'VCCLCompilerTool': {'AdditionalOptions': ['/std:c++20']}},
          'libraries': ['synchronization.lib'],
        }],
      ],
    },
  ],
}
