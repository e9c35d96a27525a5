# For node-gyp at the root of the repository; the addon itself is described in native/binding.gyp.
{
  'targets': [
    {
      'target_name': 'all_of_heddle',
      'type': 'none',
      'dependencies': ['native/binding.gyp:heddle'],
    },
  ],
}
