"""`doctor`: what is installed, configured and reachable, each as a finding with its remedy."""
