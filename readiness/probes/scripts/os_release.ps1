# Release, build and revision from the registry; a build is text there, a revision a number, a release before 20H2 absent.
$hive = [Microsoft.Win32.RegistryKey]::OpenBaseKey('LocalMachine', 'Registry64')
$version = $hive.OpenSubKey('SOFTWARE\Microsoft\Windows NT\CurrentVersion')
$environment = $hive.OpenSubKey('SYSTEM\CurrentControlSet\Control\Session Manager\Environment')
@{
    product = $version.GetValue('ProductName')
    build = $version.GetValue('CurrentBuild')
    revision = $version.GetValue('UBR')
    display = $version.GetValue('DisplayVersion')
    kind = $version.GetValue('InstallationType')
    architecture = $environment.GetValue('PROCESSOR_ARCHITECTURE')
}
