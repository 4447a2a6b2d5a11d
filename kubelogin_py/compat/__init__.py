"""What int128/kubelogin taught its users: pflag's argument rules, and the sessions it left behind."""
